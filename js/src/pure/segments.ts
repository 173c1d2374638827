// What the bars, the legend and the line of a finished run say; no DOM.
import { about, clock, count, dollars, duration, percent, rough } from "./format.ts";
import { JOB_STATES, type JobState, type Money, type RunState, type Summary } from "./snapshot.ts";

/** States in which a job rests for good. */
export const ENDED: readonly JobState[] = ["succeeded", "invalid", "errored", "expired", "missing", "cancelled"];

export interface Segment {
  state: JobState;
  count: number;
  /** Share of the whole, 0 to 1. */
  share: number;
  label: string;
}

/** One segment for each state that has jobs, in fixed order. */
export function segments(counts: Record<JobState, number>, total: number): Segment[] {
  const sum = JOB_STATES.reduce((all, state) => all + counts[state], 0);
  const whole = Math.max(total, sum);
  return JOB_STATES.filter((state) => counts[state] > 0).map((state) => ({
    state,
    count: counts[state],
    share: counts[state] / whole,
    label: `${count(counts[state])} ${state}, ${percent(counts[state], whole)}`,
  }));
}

export const ended = (counts: Record<JobState, number>): number =>
  ENDED.reduce((all, state) => all + counts[state], 0);

/** Whether nothing more happens in this run by itself. */
export const isFinal = (state: RunState): boolean => state === "finished" || state === "cancelled" || state === "failed";

/** Whether the run is shown as one line; one that stopped with an error keeps its reasons in sight. */
export const folds = (state: RunState): boolean => state === "finished" || state === "cancelled";

export interface MoneyBar {
  /** What was spent, what is reserved and what is free, each with its share of the scale, 0 to 1. */
  parts: { kind: "spent" | "reserved" | "free"; share: number; amount: string }[];
  label: string;
}

/** The bar of money against its limit; null without a limit or a known price. */
export function moneyBar(money: Money): MoneyBar | null {
  const limit = Number(money.limit);
  if (money.limit === null || !money.known || !(limit > 0)) return null;
  const spent = Number(money.spent);
  const reserved = Number(money.reserved);
  const scale = Math.max(limit, spent + reserved);
  const free = Math.max(0, limit - spent - reserved);
  return {
    parts: [
      { kind: "spent", share: spent / scale, amount: dollars(money.spent) },
      ...(reserved > 0 ? [{ kind: "reserved" as const, share: reserved / scale, amount: dollars(money.reserved) }] : []),
      { kind: "free", share: free / scale, amount: dollars(String(free)) },
    ],
    label: `${dollars(money.spent)} spent and ${dollars(money.reserved)} reserved of a limit of ${dollars(money.limit)}`,
  };
}

export interface Fact {
  key: "jobs" | "spent" | "saved" | "time";
  label: string;
  value: string;
  note: string;
}

/** When the run may end, in words; what nobody knows is said to be unknown. */
export function timeLeft(s: Summary, now: Date): string {
  if (isFinal(s.state) || s.state === "held") return "in all";
  if (s.eta !== null) return `${about(s.eta)} left${s.eta < 60 ? "" : `, near ${clock(new Date(now.getTime() + 1000 * s.eta), now)}`}`;
  if (s.usual) {
    const [low, high] = s.usual.map(rough) as [string, string];
    return low === high ? `earlier batches took about ${low}` : `earlier batches took ${low} to ${high}`;
  }
  return s.promise === null ? "time left not known yet" : `time left not known yet; promised within ${count(s.promise)} h`;
}

/** The four figures under the bars; `elapsed` in seconds, as it stands now. */
export function facts(s: Summary, elapsed: number, now = new Date()): Fact[] {
  const done = ended(s.counts);
  const reused = s.reused ? `, ${count(s.reused)} of them reused for free` : "";
  const reserved = Number(s.money.reserved) > 0 ? `${dollars(s.money.reserved)} reserved, ` : "";
  const spending = s.money.limit === null ? `${reserved}no limit set` : `${percent(Number(s.money.spent), Number(s.money.limit))} of the ${dollars(s.money.limit)} limit`;
  return [
    { key: "jobs", label: "Ended", value: `${count(done)} of ${count(s.total)}`, note: percent(done, s.total) + reused },
    {
      key: "spent",
      label: s.practice ? "Would cost" : "Spent",
      value: s.money.known ? dollars(s.money.spent) : "unknown",
      note: s.money.known ? spending : "no price is known for this model",
    },
    {
      key: "saved",
      label: s.practice ? "Would save" : "Saved",
      value: s.money.saved === null || !s.money.known ? "unknown" : dollars(s.money.saved),
      note: "against real-time prices" + caching(s.money.cached),
    },
    { key: "time", label: "Elapsed", value: duration(elapsed), note: timeLeft(s, now) },
  ];
}

/** What prompt caches saved, or cost when they were read too rarely. */
function caching(cached: string): string {
  const amount = Number(cached);
  if (!amount) return "";
  return amount > 0 ? `; ${dollars(cached)} more by prompt caching` : `; prompt caching cost ${dollars(String(-amount))} more than it saved`;
}

/** What a finished run has to say in one line. */
export function oneLine(s: Summary): string {
  const parts = JOB_STATES.filter((state) => s.counts[state] > 0 && state !== "succeeded");
  const rest = parts.map((state) => `${count(s.counts[state])} ${state}`);
  const jobs = [`${count(s.counts.succeeded)} of ${count(s.total)} succeeded`, ...rest].join(", ");
  const free = s.reused ? [`${count(s.reused)} reused for free`] : [];
  const would = s.practice ? "would be " : "";
  const money = s.money.known ? [`${dollars(s.money.spent)} ${would}spent`] : [];
  if (s.money.known && s.money.saved !== null && Number(s.money.saved) > 0) money.push(`${dollars(s.money.saved)} ${would}saved`);
  const practice = s.practice ? ["practice: no model was asked, nothing was sent or paid"] : [];
  const whole = s.preview?.left ? [`a preview; as a batch all ${count(s.preview.jobs)} jobs would cost ${s.preview.models.at(-1)?.words ?? "?"}`] : [];
  return [jobs, ...free, ...money, duration(s.elapsed), ...whole, ...practice].join(" · ");
}

/** The state of a run, in a word for the title line. */
export const RUN_WORDS: Record<RunState, string> = {
  planning: "planning",
  running: "running",
  paused: "paused",
  cancelling: "cancelling",
  held: "held by the limit",
  finished: "finished",
  cancelled: "cancelled",
  failed: "stopped",
};

/** The shape that goes with that word. */
export const RUN_ICON = {
  planning: "pending", running: "running", paused: "held", cancelling: "cancelled", held: "held",
  finished: "succeeded", cancelled: "cancelled", failed: "errored",
} as const satisfies Record<RunState, string>;
