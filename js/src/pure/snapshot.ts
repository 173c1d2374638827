// The messages between kernel and browser, typed, and the one place that reads them.
import { bag, list, numberOr, oneOf, text, textOrNull, texts, type Bag } from "./guards.ts";

/** States of a job, in the order in which views show them. */
export const JOB_STATES = [
  "succeeded", "invalid", "errored", "expired", "missing", "cancelled", "running", "submitting", "pending", "held",
] as const;
export type JobState = (typeof JOB_STATES)[number];

export const RUN_STATES = [
  "planning", "running", "paused", "cancelling", "held", "finished", "cancelled", "failed",
] as const;
export type RunState = (typeof RUN_STATES)[number];

export const COMMANDS = ["cancel", "pause", "resume", "retry_failed", "raise_limit", "reconcile", "rest"] as const;
export type Command = (typeof COMMANDS)[number];

export interface Money {
  /** US dollars as decimal text. */
  spent: string;
  reserved: string;
  limit: string | null;
  saved: string | null;
  /** What prompt caches saved, a part of what made `spent` what it is; negative where writing them cost more. */
  cached: string;
  /** False when no price is known, so that the figures say nothing. */
  known: boolean;
}

export interface Batch {
  tag: string;
  provider: string;
  model: string;
  batchId: string | null;
  rows: number;
  state: string;
  word: string;
  done: number | null;
  /** Seconds until the provider is asked again. */
  nextPoll: number | null;
  note: string | null;
  /** Ids of batches that it may be, where it is not known whether it was accepted. */
  maybe: string[];
}

export interface ErrorGroup {
  kind: string;
  message: string;
  count: number;
  retry: boolean;
  /** Where answers were cut: the cap on output tokens to try next. */
  more: number | null;
}

/** What a preview tells of the whole. */
export interface Preview {
  /** Jobs in all, and those that it left out. */
  jobs: number;
  left: number;
  /** A line for each model, and one for all where there are several; the last one is the whole. */
  models: { model: string; left: number; words: string }[];
}

export interface Summary {
  rev: number;
  name: string;
  runId: string;
  state: RunState;
  words: string;
  models: string[];
  practice: boolean;
  /** False when another kernel drives the run and this one follows. */
  driver: boolean;
  total: number;
  reused: number;
  counts: Record<JobState, number>;
  money: Money;
  /** Seconds. */
  elapsed: number;
  eta: number | null;
  /** Between how many seconds such batches mostly took before. */
  usual: [number, number] | null;
  /** Hours within which the providers say that a batch ends. */
  promise: number | null;
  startedAt: string;
  batches: { total: number; open: number; list: Batch[] };
  errors: ErrorGroup[];
  log: { at: string; text: string }[];
  held: { jobs: number; needs: string } | null;
  preview: Preview | null;
  /** Whether it is known what is right of some inputs. */
  gold: boolean;
  can: Command[];
}

function readUsual(raw: unknown): [number, number] | null {
  const [low, high] = list(raw).map((seconds) => numberOr(seconds, null));
  return typeof low === "number" && typeof high === "number" ? [low, high] : null;
}

export function readSummary(raw: unknown): Summary {
  const s = bag(raw);
  const counts = bag(s.counts);
  const money = bag(s.money);
  const batches = bag(s.batches);
  const held = s.held ? bag(s.held) : null;
  return {
    rev: numberOr(s.rev, 0),
    name: text(s.name, "batch"),
    runId: text(s.run_id),
    state: oneOf(s.state, RUN_STATES, "planning"),
    words: text(s.words),
    models: texts(s.models),
    practice: s.practice === true,
    driver: s.driver !== false,
    total: numberOr(s.total, 0),
    reused: numberOr(s.reused, 0),
    counts: Object.fromEntries(JOB_STATES.map((state) => [state, numberOr(counts[state], 0)])) as Record<JobState, number>,
    money: {
      spent: text(money.spent, "0"),
      reserved: text(money.reserved, "0"),
      limit: textOrNull(money.limit),
      saved: textOrNull(money.saved),
      cached: text(money.cached, "0"),
      known: money.known !== false,
    },
    elapsed: numberOr(s.elapsed, 0),
    eta: numberOr(s.eta, null),
    usual: readUsual(s.usual),
    promise: numberOr(s.promise, null),
    startedAt: text(s.started_at),
    batches: { total: numberOr(batches.total, 0), open: numberOr(batches.open, 0), list: list(batches.list).map(readBatch) },
    errors: list(s.errors).map((raw) => {
      const e = bag(raw);
      return { kind: text(e.kind), message: text(e.message), count: numberOr(e.count, 0), retry: e.retry === true, more: numberOr(e.more, null) };
    }),
    log: list(s.log).map((raw) => ({ at: text(bag(raw).at), text: text(bag(raw).text) })),
    held: held && { jobs: numberOr(held.jobs, 0), needs: text(held.needs, "0") },
    preview: s.preview ? readPreview(bag(s.preview)) : null,
    gold: s.gold === true,
    can: COMMANDS.filter((command) => list(s.can).includes(command)),
  };
}

function readPreview(p: Bag): Preview {
  const models = list(p.models).map((raw) => ({ model: text(bag(raw).model), left: numberOr(bag(raw).left, 0), words: text(bag(raw).words) }));
  return { jobs: numberOr(p.jobs, 0), left: numberOr(p.left, 0), models };
}

function readBatch(raw: unknown): Batch {
  const b = bag(raw);
  return {
    tag: text(b.tag),
    provider: text(b.provider),
    model: text(b.model),
    batchId: textOrNull(b.batch_id),
    rows: numberOr(b.rows, 0),
    state: text(b.state),
    word: text(b.word),
    done: numberOr(b.done, null),
    nextPoll: numberOr(b.next_poll, null),
    note: textOrNull(b.note),
    maybe: texts(b.maybe),
  };
}

export interface Row {
  row: number;
  id: string;
  state: JobState;
  model: string;
  error: string | null;
  errorKind: string | null;
  cost: string | null;
  tokens: number | null;
  documents: string[];
  fields: Record<string, string>;
  /** Confidence of each field's evidence: "high", "medium", "low", or "none" where there is none. */
  sure: Record<string, string>;
  /** How far a person has checked it. */
  review: { done: number; of: number; wrong: number } | null;
}

export interface RowsPage {
  rev: number;
  total: number;
  start: number;
  columns: string[];
  rows: Row[];
  /** Results that a person has begun to check, and those that are checked in every field. */
  reviewed: { begun: number; done: number };
}

export function readRows(raw: unknown): RowsPage {
  const p = bag(raw);
  return {
    rev: numberOr(p.rev, 0),
    total: numberOr(p.total, 0),
    start: numberOr(p.start, 0),
    columns: texts(p.columns),
    reviewed: { begun: numberOr(bag(p.reviewed).begun, 0), done: numberOr(bag(p.reviewed).done, 0) },
    rows: list(p.rows).map(readRow),
  };
}

export function readRow(raw: unknown): Row {
  const r = bag(raw);
  const review = r.review ? bag(r.review) : null;
  return {
    row: numberOr(r.row, 0),
    id: text(r.id),
    state: oneOf(r.state, JOB_STATES, "pending"),
    model: text(r.model),
    error: textOrNull(r.error),
    errorKind: textOrNull(r.error_kind),
    cost: textOrNull(r.cost),
    tokens: numberOr(r.tokens, null),
    documents: texts(r.documents),
    fields: textsOf(r.fields),
    sure: textsOf(r.sure),
    review: review && { done: numberOr(review.done, 0), of: numberOr(review.of, 0), wrong: numberOr(review.wrong, 0) },
  };
}

const textsOf = (raw: unknown): Record<string, string> => Object.fromEntries(Object.entries(bag(raw)).map(([path, value]) => [path, text(value)]));

/** x0, y0, x1, y1 in points of the page as displayed, origin top left. */
export type Rect = readonly [number, number, number, number];

export interface Piece {
  page: number | null;
  start: number | null;
  end: number | null;
  rects: Rect[];
}

export interface Citation extends Piece {
  document: number;
  text: string;
  confidence: string | null;
  reason: string | null;
  source: string | null;
  pieces: Piece[];
}

export const VERDICTS = ["confirmed", "corrected", "rejected"] as const;
export type Verdict = (typeof VERDICTS)[number];

/** What a person said about a field. */
export interface Review {
  verdict: Verdict;
  /** The right value, where it was corrected. */
  value: string | null;
}

export interface Field {
  path: string;
  value: string;
  citations: Citation[];
  /** Why there is no evidence, in words; empty where there is. */
  note: string;
  review: Review | null;
}

/** Pages in which nothing can be pointed at. */
export interface PageNote {
  text: string;
  document: number;
  first: number;
  last: number;
}

export interface Result {
  row: number;
  id: string;
  state: JobState;
  model: string;
  error: string | null;
  errorKind: string | null;
  finishReason: string | null;
  cost: string | null;
  usage: Record<string, number>;
  attempts: number;
  raw: string;
  fields: Field[];
  documents: { name: string; kind: string; pages: number | null }[];
  pageNotes: PageNote[];
}

export function readResult(raw: unknown): Result {
  const r = bag(raw);
  const usage = Object.entries(bag(r.usage)).filter((entry): entry is [string, number] => typeof entry[1] === "number");
  return {
    row: numberOr(r.row, 0),
    id: text(r.id),
    state: oneOf(r.state, JOB_STATES, "pending"),
    model: text(r.model),
    error: textOrNull(r.error),
    errorKind: textOrNull(r.error_kind),
    finishReason: textOrNull(r.finish_reason),
    cost: textOrNull(r.cost),
    usage: Object.fromEntries(usage),
    attempts: numberOr(r.attempts, 0),
    raw: text(r.raw),
    fields: list(r.fields).map(readField),
    documents: list(r.documents).map((raw) => {
      const d = bag(raw);
      return { name: text(d.name), kind: text(d.kind), pages: numberOr(d.pages, null) };
    }),
    pageNotes: list(r.page_notes).map((raw) => {
      const n = bag(raw);
      const first = numberOr(n.first, 1);
      return { text: text(n.text), document: numberOr(n.document, 0), first, last: numberOr(n.last, first) };
    }),
  };
}

export function readField(raw: unknown): Field {
  const f = bag(raw);
  const review = bag(f.review);
  const verdict = VERDICTS.find((known) => known === review.verdict);
  return {
    path: text(f.path),
    value: text(f.value),
    citations: list(f.citations).map(readCitation),
    note: text(f.note),
    review: verdict ? { verdict, value: textOrNull(review.value) } : null,
  };
}

function readPiece(raw: unknown): Piece {
  const p = bag(raw);
  const rects = list(p.rects).map((rect) => list(rect).map((n) => numberOr(n, Number.NaN)));
  return {
    page: numberOr(p.page, null),
    start: numberOr(p.start, null),
    end: numberOr(p.end, null),
    rects: rects.filter((r): r is [number, number, number, number] => r.length === 4 && r.every(Number.isFinite)),
  };
}

function readCitation(raw: unknown): Citation {
  const c = bag(raw);
  return {
    ...readPiece(raw),
    document: numberOr(c.document, 0),
    text: text(c.text),
    confidence: textOrNull(c.confidence),
    reason: textOrNull(c.reason),
    source: textOrNull(c.source),
    pieces: list(c.pieces).map(readPiece),
  };
}
