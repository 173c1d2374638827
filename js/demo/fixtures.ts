// Made-up runs, and a kernel that answers for them: for demo.html and for tests.
import type { Model } from "../src/channel.ts";
import { bag, type Bag } from "../src/pure/guards.ts";
import { JOB_STATES, type JobState, type RunState } from "../src/pure/snapshot.ts";
import { runsPage } from "./runs.ts";

const VENDORS = ["Northwind Paper GmbH", "Ateliers Morel & Fils", "Kestrel Logistics Ltd", "Ōtani Precision", "Blue Heron Catering"];
const STATUS = ["paid", "unpaid", "unknown"];

/** The states of a run, as the demo can show each. */
export type Phase = RunState;

const COUNTS: Record<Phase, Partial<Record<JobState, number>>> = {
  planning: { pending: 400 },
  running: { succeeded: 212, invalid: 3, errored: 4, running: 121, submitting: 20, pending: 40 },
  paused: { succeeded: 212, invalid: 3, errored: 4, running: 121, pending: 60 },
  cancelling: { succeeded: 212, invalid: 3, errored: 4, running: 121, cancelled: 60 },
  finished: { succeeded: 398, invalid: 2 },
  failed: { succeeded: 120, errored: 31, expired: 9, missing: 2, cancelled: 238 },
  held: { succeeded: 310, invalid: 4, held: 86 },
  cancelled: { succeeded: 188, cancelled: 212 },
};

export function summaryOf(phase: Phase, changes: Bag = {}): Bag {
  const counts = Object.fromEntries(JOB_STATES.map((state) => [state, COUNTS[phase][state] ?? 0]));
  const over = !["planning", "running", "paused", "cancelling"].includes(phase);
  return {
    v: 1,
    rev: 1,
    name: "invoices",
    run_id: "r-7f3a",
    state: phase,
    words: {
      planning: "Planning",
      running: "Waiting for 2 batches at Anthropic",
      paused: "Waiting for 2 batches at Anthropic",
      cancelling: "Cancelling: waiting for 2 batches at Anthropic",
      finished: "398 of 400 succeeded, 2 failed",
      failed: "Stopped: ANTHROPIC_API_KEY was refused by Anthropic (401); put in a valid key and run the cell again.",
      held: "310 of 400 succeeded, 4 failed; 86 held: the cost limit leaves no room for them",
      cancelled: "188 of 400 succeeded; cancelled",
    }[phase],
    models: ["claude-sonnet-5-5"],
    practice: false,
    driver: true,
    total: 400,
    reused: phase === "running" ? 60 : 0,
    counts,
    money: { spent: "1.8342", reserved: over ? "0" : "1.215", limit: "5", saved: "1.8342", known: true },
    elapsed: 754.2,
    eta: over ? null : 1130,
    started_at: "2026-11-22T10:02:11+00:00",
    batches: {
      total: 4,
      open: over ? 0 : 3,
      list: [
        { tag: "b7f3a-1", provider: "anthropic", model: "claude-sonnet-5-5", batch_id: "msgbatch_01HkcTjaV5uDC8jWR4ZsDV8d", rows: 219, state: "ended", word: "collected", done: 219, next_poll: null, note: null },
        { tag: "b7f3a-2", provider: "anthropic", model: "claude-sonnet-5-5", batch_id: "msgbatch_01Pq4nVJxS9d3LmT7yWbR2kE", rows: 100, state: over ? "ended" : "running", word: over ? "collected" : "in_progress", done: over ? 100 : 38, next_poll: over ? null : 41, note: null },
        { tag: "b7f3a-3", provider: "anthropic", model: "claude-sonnet-5-5", batch_id: "msgbatch_01Zx8cYtB6qF1sHnG5uKj9aM", rows: 61, state: over ? "ended" : "queued", word: over ? "collected" : "queued", done: over ? 61 : 0, next_poll: over ? null : 12, note: over ? null : "last look failed (529 overloaded); trying again" },
        { tag: "b7f3a-4", provider: "anthropic", model: "claude-sonnet-5-5", batch_id: over ? "msgbatch_01Lw2eRvA7pD4fKzN8xQs3tG" : null, rows: 20, state: over ? "ended" : "submitting", word: over ? "collected" : "submitting", done: over ? 20 : null, next_poll: null, note: over ? null : "sending 3.1 MB" },
      ],
    },
    errors: over && phase !== "failed" && phase !== "held"
      ? [{ kind: "invalid_output", message: "total_amount: Input should be a valid number, unable to parse 'n/a'", count: 2, retry: true }]
      : [
          { kind: "provider_error", message: "Anthropic answered 500 (internal server error)", count: 4, retry: true },
          { kind: "invalid_output", message: "total_amount: Input should be a valid number, unable to parse 'n/a'", count: 2, retry: true },
          { kind: "refused", message: "The model declined to answer", count: 1, retry: false },
        ],
    log: [
      { at: "2026-11-22T10:02:11+00:00", text: "Planned 400 jobs in 4 batches; 60 reused" },
      { at: "2026-11-22T10:02:14+00:00", text: "Submitted b7f3a-1: 219 jobs" },
      { at: "2026-11-22T10:11:40+00:00", text: "Collected b7f3a-1: 212 succeeded, 3 invalid, 4 errored" },
    ],
    held: phase === "held" ? { jobs: 86, needs: "1.20" } : null,
    can: { planning: ["cancel", "pause", "raise_limit"], running: ["cancel", "pause", "raise_limit"], paused: ["cancel", "resume", "raise_limit"], cancelling: ["raise_limit"], finished: ["retry_failed", "raise_limit"], failed: ["retry_failed", "raise_limit"], held: ["retry_failed", "raise_limit"], cancelled: ["retry_failed", "raise_limit"] }[phase],
    ...changes,
  };
}

/** A run with a submission of which no answer came. */
export function lost(maybe: string[] = []): Bag {
  const batch = { tag: "t-1", provider: "anthropic", model: "m", batch_id: null, rows: 20, state: "uncertain", word: "uncertain", done: null, next_poll: 9, note: null, maybe };
  return { can: ["cancel", "reconcile"], batches: { total: 1, open: 1, list: [batch] } };
}

/** A run of which answers were cut. */
export const cut: Bag = { errors: [{ kind: "truncated", message: "output cut at 1,000 tokens", count: 37, more: 4000, retry: true }] };

const ERRORS: Partial<Record<JobState, [string, string]>> = {
  invalid: ["invalid_output", "total_amount: Input should be a valid number, unable to parse 'n/a'"],
  errored: ["provider_error", "Anthropic answered 500 (internal server error)"],
  expired: ["expired", "The batch ended after 24 hours before this job was done"],
  missing: ["missing", "The result file has no line for this job"],
  cancelled: ["cancelled", "Cancelled before it was done"],
};

/** The invoice that job `i` reads: what is printed, and where (points, A4). */
export function invoiceOf(i: number): { id: string; vendor: string; total: string; printed: string; status: string } {
  const total = ((i * 7919) % 900_000) / 100 + 12.5;
  const printed = `${total.toLocaleString("de-DE", { minimumFractionDigits: 2, maximumFractionDigits: 2 })} €`;
  return {
    id: `INV-2026-${String(1001 + i)}`, vendor: VENDORS[i % VENDORS.length] ?? "", total: total.toFixed(2), printed, status: STATUS[i % 3] ?? "",
  };
}

export const PLACES = {
  vendor: [56, 60, 236, 80], id: [56, 131, 186, 146], total: [452, 408, 539, 424], status: [[56, 500, 536, 514], [56, 516, 180, 530]], line: [56, 286, 250, 300], amount: [470, 286, 539, 300],
} as const;

export function rowOf(i: number, state: JobState): Bag {
  const invoice = invoiceOf(i);
  const error = ERRORS[state];
  return {
    row: i,
    id: `scan_${String(i + 1).padStart(3, "0")}.pdf`,
    state,
    model: "claude-sonnet-5-5",
    error: error?.[1] ?? null,
    error_kind: error?.[0] ?? null,
    cost: state === "succeeded" || state === "invalid" ? (0.0042 + (i % 13) * 0.0003).toFixed(4) : null,
    tokens: 1800 + (i % 40) * 11,
    documents: [`scan_${String(i + 1).padStart(3, "0")}.pdf`],
    fields: state === "succeeded" ? { invoice_number: invoice.id, total_amount: invoice.total, vendor: invoice.vendor, payment_status: invoice.status, "lines[0].item": "A4 paper, 80 g", "lines[0].amount": "118.00" } : {},
  };
}

export const COLUMNS = ["invoice_number", "total_amount", "vendor", "payment_status", "lines[0].item", "lines[0].amount"];

export const LETTER = `To: accounts@example.org\nSubject: Renewal 🎉 of the storage contract\n\nDear Ms Ferrante,\n\nwe are pleased to confirm that your storage contract is renewed from 1 March 2027\nfor a further 24 months. The monthly fee remains at 1.234,50 € and is due on the\nfirst working day of each month.\n\nEither party may end the contract with three months' notice.\n\nKind regards,\nJ. Okonkwo\nBlue Heron Storage\n`;

function cite(document: number, page: number | null, text: string, rects: unknown, more: Bag = {}): Bag {
  return { document, page, start: null, end: null, text, confidence: "high", reason: "the value stands beside its label", source: "located", rects, pieces: [], ...more };
}

export function resultOf(i: number, state: JobState): Bag {
  const row = rowOf(i, state);
  const invoice = invoiceOf(i);
  const at = LETTER.indexOf("1.234,50 €") - 1; // one code point less than UTF-16 units, for the emoji before it
  const fields = [
    { path: "invoice_number", value: invoice.id, citations: [cite(0, 1, invoice.id, [PLACES.id])] },
    { path: "total_amount", value: invoice.total, citations: [cite(0, 1, invoice.printed, [PLACES.total]), cite(1, null, "1.234,50 €", [], { start: at, end: at + 10, confidence: "low", reason: "same kind of amount, other label" })] },
    { path: "vendor", value: invoice.vendor, citations: [cite(0, 1, invoice.vendor, [PLACES.vendor])] },
    { path: "payment_status", value: invoice.status, citations: [cite(0, 1, "Payment has been received with thanks on the twelfth of the month; nothing is due.", [], { confidence: "medium", source: "quote", reason: "the model rests its answer on these words", pieces: PLACES.status.map((rect) => ({ page: 1, start: 0, end: 1, rects: [rect] })) })] },
    { path: "due_date", value: "", citations: [] },
    { path: "lines[0].item", value: "A4 paper, 80 g", citations: [cite(0, 1, "A4 paper, 80 g", [PLACES.line])] },
    { path: "lines[0].amount", value: "118.00", citations: [cite(0, 1, "118,00 €", [PLACES.amount], { confidence: "medium" })] },
  ];
  return {
    ...row,
    finish_reason: "end_turn",
    usage: { input_tokens: 1874, output_tokens: 96, cache_read_tokens: 0 },
    attempts: i % 5 === 0 ? 2 : 1,
    raw: state === "succeeded" ? JSON.stringify({ invoice_number: invoice.id, total_amount: Number(invoice.total), vendor: invoice.vendor, payment_status: invoice.status }, null, 2) : state === "invalid" ? '{"invoice_number": "INV-1", "total_amount": "n/a"' : "",
    fields: state === "succeeded" ? fields : [],
    documents: [{ name: String(row.id), kind: "pdf", pages: 3 }, { name: "letter.txt", kind: "text", pages: null }],
  };
}

/** What a page of job `row` looks like; the demo draws it, tests send a few bytes. */
export type Draw = (row: number, page: number, scale: number) => Promise<ArrayBuffer>;

/** A kernel in the page: keeps a summary, answers messages, remembers what it was sent. */
export class DemoKernel implements Model {
  readonly sent: Bag[] = [];
  /** While false, messages are kept and not answered: a busy kernel. */
  awake = true;
  delay = 30;
  /** What was said about fields, by row and path. */
  readonly reviews = new Map<string, Bag>();
  reviewed = { begun: 0, done: 0 };
  readonly #listeners = new Map<string, Set<(...args: never[]) => void>>();
  readonly #state: Record<string, unknown>;
  readonly #draw: Draw;
  #kept: Bag[] = [];

  constructor(state: Record<string, unknown>, draw: Draw = async () => new ArrayBuffer(4)) {
    this.#state = state;
    this.#draw = draw;
  }

  get(key: string): unknown {
    return this.#state[key];
  }

  set(key: string, value: unknown): void {
    this.#state[key] = value;
    this.#emit(`change:${key}`);
  }

  on(event: string, callback: (...args: never[]) => void): void {
    this.#listeners.set(event, (this.#listeners.get(event) ?? new Set()).add(callback));
  }

  off(event: string, callback: (...args: never[]) => void): void {
    this.#listeners.get(event)?.delete(callback);
  }

  get listening(): number {
    return [...this.#listeners.values()].reduce((sum, set) => sum + set.size, 0);
  }

  send(content: unknown): void {
    const message = bag(content);
    this.sent.push(message);
    if (this.awake) this.#later(message);
    else this.#kept.push(message);
  }

  wake(): void {
    this.awake = true;
    for (const message of this.#kept.splice(0)) this.#later(message);
  }

  /** Be restarted, as a front end tells its widgets. */
  end(): void {
    this.#emit("comm_live_update");
  }

  /** Send a message to the view. */
  push(content: Bag, buffers: DataView[] = []): void {
    this.#emit("msg:custom", content, buffers);
  }

  /** State of job `i`: the counts of the summary, dealt out in turn. */
  stateOf(i: number): JobState {
    const counts = bag(bag(this.#state.summary).counts);
    let at = (i * 7) % 400;
    for (const state of JOB_STATES) {
      const n = Number(counts[state] ?? 0);
      if (at < n) return state;
      at -= n;
    }
    return "pending";
  }

  #later(message: Bag): void {
    setTimeout(() => void this.#answer(message), this.delay);
  }

  async #answer(message: Bag): Promise<void> {
    const { op, kind } = message;
    const row = Number(message.row ?? 0);
    if (kind === "cmd") return this.push({ kind: "ack", op, error: null });
    if (kind === "pull") return this.push({ kind: "summary", op, summary: this.get("summary") });
    if (kind === "rows") return this.push({ kind, op, ...this.#rows(message) });
    if (kind === "result") return this.push({ kind, op, result: this.result(row) });
    if (kind === "review") return this.push({ kind, op, ...this.#review(message) });
    if (kind === "compare") return this.push({ kind, op, ...this.compare(message) });
    if (kind === "runs") return this.push({ kind, op, ...runsPage(Number(message.start), Number(message.n)) });
    if (kind === "export") return this.push(message.format ? { kind, op, path: `/notebooks/invoices.${String(message.format)}`, bytes: 84_120, results: 400 } : { kind, op, formats: ["csv", "jsonl", "parquet"], folder: "/notebooks" });
    if (kind === "open") return this.push({ kind, op, run_id: message.run_id });
    if (kind === "text") return this.push({ kind, op, text: LETTER, block: 0, starts: [0], lines: [LETTER.split("\n").length], length: [...LETTER].length });
    if (kind === "page") {
      const bytes = await this.#draw(row, Number(message.page), Number(message.scale));
      return this.push({ kind, op, page: message.page, pages: 3, width: 595, height: 842, mime: "image/jpeg" }, [new DataView(bytes)]);
    }
    this.push({ kind, op, error: `unknown message ${String(kind)}` });
  }

  result(row: number): Bag {
    const result = resultOf(row, this.stateOf(row));
    const fields = result.fields as Bag[];
    return { ...result, fields: fields.map((field) => ({ ...field, review: this.reviews.get(`${row} ${String(field.path)}`) ?? null })) };
  }

  /** Two models on forty invoices; on every seventh they differ about the vendor. */
  compare({ start, n, path, differ }: Bag): Bag {
    const models = ["claude-sonnet-5-5", "gpt-6.1-sol"];
    const field = path === "total_amount" ? "total_amount" : "vendor";
    const pairs = Array.from({ length: 40 }, (_, i) => {
      const invoice = invoiceOf(i);
      const same = field === "total_amount" || i % 7 !== 3;
      const value = field === "total_amount" ? invoice.total : invoice.vendor;
      const cells = Object.fromEntries(models.map((model, k) => [model, { row: 2 * i + k, state: "succeeded", value: k && !same ? value.toUpperCase().slice(0, 9) : value }]));
      return { id: rowOf(i, "succeeded").id, same, cells };
    }).filter((pair) => !differ || !pair.same);
    return { total: pairs.length, start, models, columns: ["vendor", "total_amount"], path: field, agreement: { vendor: { same: 34, of: 40 }, total_amount: { same: 40, of: 40 } }, per_thousand: { "claude-sonnet-5-5": "4.2135", "gpt-6.1-sol": "0.29" }, rows: pairs.slice(Number(start), Number(start) + Number(n)) };
  }

  /** Amounts must be numbers, as the schema would say. */
  #review({ row, path, verdict, value }: Bag): Bag {
    if (verdict === "corrected" && String(path).includes("amount") && Number.isNaN(Number(value))) {
      return { error: `${String(path)}: Input should be a valid number` };
    }
    const key = `${Number(row)} ${String(path)}`;
    if (verdict === null) this.reviews.delete(key);
    else this.reviews.set(key, { verdict, value: verdict === "corrected" ? value : null });
    const field = (this.result(Number(row)).fields as Bag[]).find((item) => item.path === path);
    return { error: null, field };
  }

  rows(): Bag[] {
    return Array.from({ length: Number(bag(this.#state.summary).total ?? 0) }, (_, i) => rowOf(i, this.stateOf(i)));
  }

  #rows(message: Bag): Bag {
    const text = typeof message.text === "string" ? message.text.toLowerCase() : "";
    const all = this.rows().filter((row) => (!message.state || row.state === message.state) && (!message.cause || row.error_kind === message.cause) && (!text || JSON.stringify(row).toLowerCase().includes(text)));
    const order = bag(message.order);
    if (order.by) {
      const value = (row: Bag): string => String(bag(row.fields)[String(order.by).replace(/^field:/, "")] ?? row[String(order.by)] ?? "");
      all.sort((a, b) => (order.desc ? -1 : 1) * value(a).localeCompare(value(b), "en", { numeric: true }));
    }
    const start = Number(message.start);
    return { rev: bag(this.#state.summary).rev, total: all.length, start, columns: COLUMNS, rows: all.slice(start, start + Number(message.n)), reviewed: this.reviewed };
  }

  #emit(event: string, ...args: unknown[]): void {
    for (const callback of [...(this.#listeners.get(event) ?? [])]) (callback as (...args: unknown[]) => void)(...args);
  }
}
