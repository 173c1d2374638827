// The runs of a store, as the kernel sends them; no DOM.
import { count, dollars, duration, percent } from "./format.ts";
import { bag, list, numberOr, oneOf, text, textOrNull, texts } from "./guards.ts";
import { ended, isFinal, segments, type Segment } from "./segments.ts";
import { JOB_STATES, RUN_STATES, type JobState, type RunState } from "./snapshot.ts";

/** Runs of one page. */
export const RUNS = 20;

export interface Run {
  runId: string;
  name: string;
  state: RunState;
  /** The state in words, with who drives the run. */
  word: string;
  driver: "here" | "elsewhere" | "nobody";
  models: string[];
  practice: boolean;
  total: number;
  counts: Record<JobState, number>;
  money: { spent: string; limit: string | null; known: boolean };
  /** Seconds. */
  elapsed: number;
  startedAt: string;
}

export interface Runs {
  total: number;
  start: number;
  runs: Run[];
}

export function readRuns(raw: unknown): Runs {
  const page = bag(raw);
  return { total: numberOr(page.total, 0), start: numberOr(page.start, 0), runs: list(page.runs).map(readRun) };
}

function readRun(raw: unknown): Run {
  const r = bag(raw);
  const counts = bag(r.counts);
  const money = bag(r.money);
  return {
    runId: text(r.run_id),
    name: text(r.name, "batch"),
    state: oneOf(r.state, RUN_STATES, "planning"),
    word: text(r.word),
    driver: oneOf(r.driver, ["here", "elsewhere", "nobody"] as const, "nobody"),
    models: texts(r.models),
    practice: r.practice === true,
    total: numberOr(r.total, 0),
    counts: Object.fromEntries(JOB_STATES.map((state) => [state, numberOr(counts[state], 0)])) as Record<JobState, number>,
    money: { spent: text(money.spent, "0"), limit: textOrNull(money.limit), known: money.known !== false },
    elapsed: numberOr(r.elapsed, 0),
    startedAt: text(r.started_at),
  };
}

/** Whether the run may change without anybody touching it. */
export const isLive = (run: Run): boolean => !isFinal(run.state) && run.state !== "held";

export const parts = (run: Run): Segment[] => segments(run.counts, run.total);

/** "398 of 400 succeeded, 2 invalid"; while it goes on, how much has ended. */
export function progressWords(run: Run): string {
  const { counts, total } = run;
  if (isLive(run)) return `${count(ended(counts))} of ${count(total)} ended, ${percent(ended(counts), total)}`;
  const rest = JOB_STATES.filter((state) => state !== "succeeded" && counts[state] > 0).map((state) => `${count(counts[state])} ${state}`);
  return [`${count(counts.succeeded)} of ${count(total)} succeeded`, ...rest].join(", ");
}

export function moneyWords({ money }: Run): string {
  if (!money.known) return "unknown";
  const limit = money.limit === null ? "" : ` of ${dollars(money.limit)}`;
  return `${dollars(money.spent)}${limit}`;
}

/** When it began, by the reader's clock, how long it took so far, and whether it was practice. */
export function whenWords(run: Run, now = new Date()): string {
  const at = new Date(run.startedAt);
  if (Number.isNaN(at.getTime())) return "";
  const two = (n: number): string => String(n).padStart(2, "0");
  const time = `${two(at.getHours())}:${two(at.getMinutes())}`;
  const day = at.toDateString() === now.toDateString() ? "today" : `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}`;
  return `${day} ${time} · ${duration(run.elapsed)}${run.practice ? " · practice, nothing paid" : ""}`;
}

/** The line that binds the run to a variable. */
export const attachCall = (run: Run): string => `%batchata attach ${run.runId}`;

/** What opening the run does, in a word. */
export const openLabel = (run: Run): string => (run.driver === "nobody" && !isFinal(run.state) ? "Continue here" : "Open");
