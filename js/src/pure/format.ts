// Numbers, money and time as people read them.

/** A count with thousands separators. */
export const count = (n: number): string => Math.round(n).toLocaleString("en-US");

/** "1 job", "2 jobs". */
export const plural = (n: number, noun: string): string => `${count(n)} ${noun}${n === 1 ? "" : "s"}`;

/** US dollars from decimal text: cents from a dollar on, four decimals below where they say something. */
export function dollars(amount: string): string {
  const value = Number(amount);
  if (!Number.isFinite(value)) return "unknown";
  if (value === 0) return "$0";
  const sign = value < 0 ? "-" : "";
  const size = Math.abs(value);
  if (size < 0.0001) return `${sign}<$0.0001`;
  if (size >= 1) return `${sign}$${size.toLocaleString("en-US", { minimumFractionDigits: 2, maximumFractionDigits: 2 })}`;
  const short = size.toFixed(4).replace(/00$/, "");
  return short === "1.00" ? `${sign}$1.00` : `${sign}$${short}`;
}

/** Seconds as "8 s", "12 min 34 s", "3 h 5 min", "2 d 4 h". */
export function duration(seconds: number): string {
  const s = Math.max(0, Math.floor(seconds));
  const parts = (big: number, bigUnit: string, small: number, smallUnit: string): string =>
    small ? `${big} ${bigUnit} ${small} ${smallUnit}` : `${big} ${bigUnit}`;
  if (s < 60) return `${s} s`;
  if (s < 3600) return parts(Math.floor(s / 60), "min", s % 60, "s");
  if (s < 86400) return parts(Math.floor(s / 3600), "h", Math.floor((s % 3600) / 60), "min");
  return parts(Math.floor(s / 86400), "d", Math.floor((s % 86400) / 3600), "h");
}

/** An expected time, no finer than it deserves: "under a minute", "about 12 min", "about 3 h 20 min". */
export function about(seconds: number): string {
  if (seconds < 60) return "under a minute";
  return `about ${duration(seconds < 3600 ? Math.ceil(seconds / 60) * 60 : Math.ceil(seconds / 600) * 600)}`;
}

/** A length of time without its small change: "40 s", "12 min", "2 h 10 min". */
export const rough = (seconds: number): string =>
  duration(seconds < 60 ? seconds : seconds < 3600 ? Math.round(seconds / 60) * 60 : Math.round(seconds / 600) * 600);

/** A time as people say it today: "14:20", and on another day "Fri 14:20"; whole ten minutes, as it is a guess. */
export function clock(at: Date, now: Date): string {
  const step = 10 * 60_000;
  const guess = new Date(at.getTime() - now.getTime() < 3_600_000 ? at : Math.round(at.getTime() / step) * step);
  const time = timeOfDay(guess.toISOString()).slice(0, 5);
  return guess.toDateString() === now.toDateString() ? time : `${guess.toLocaleDateString("en-US", { weekday: "short" })} ${time}`;
}

/** A part of a whole in whole percent; 100 % only when nothing is missing, 0 % only when nothing is there. */
export function percent(part: number, whole: number): string {
  if (whole <= 0 || part <= 0) return "0 %";
  if (part >= whole) return "100 %";
  return `${Math.min(99, Math.max(1, Math.round((100 * part) / whole)))} %`;
}

/** The local time of day of an ISO instant, or nothing where it cannot be read. */
export function timeOfDay(iso: string): string {
  const at = new Date(iso);
  if (Number.isNaN(at.getTime())) return "";
  return [at.getHours(), at.getMinutes(), at.getSeconds()].map((n) => String(n).padStart(2, "0")).join(":");
}

/** A size as "840 bytes", "84 KB", "1.2 MB". */
export function bytes(n: number): string {
  if (n < 1000) return plural(n, "byte");
  return n < 1e6 ? `${count(Math.ceil(n / 1000))} KB` : `${(Math.ceil(n / 1e5) / 10).toFixed(1)} MB`;
}
