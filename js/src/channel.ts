// Questions and commands to the kernel, each with its own `op`, and the answers that belong to them.
import { bag, text, textOrNull, type Bag } from "./pure/guards.ts";
import type { Command } from "./pure/snapshot.ts";

/** What anywidget hands to a view; only what is used here. */
export interface Model {
  get(key: string): unknown;
  send(content: unknown, callbacks?: unknown, buffers?: ArrayBuffer[]): void;
  on(event: string, callback: (...args: never[]) => void): void;
  off(event: string, callback: (...args: never[]) => void): void;
}

export interface Reply {
  content: Bag;
  buffers: DataView[];
}

/** Without an answer for this long, the kernel counts as busy (milliseconds). */
export const BUSY_AFTER = 700;
/**
 * After this long an unanswered question counts as lost where a later one has been answered: a kernel answers in turn.
 * Where none has, it is busy, and answers when its cell ends (milliseconds).
 */
export const LOST_AFTER = 20_000;

export const GONE = "The kernel of this view has ended.";

/** What waits for a busy kernel; a command outweighs a question. `silent`: nothing at all was heard for long. */
export type Busy = "command" | "question" | "silent" | null;

/** Hosts hand over views or whole buffers. */
const viewOf = (buffer: DataView | ArrayBuffer): DataView => (buffer instanceof ArrayBuffer ? new DataView(buffer) : buffer);

interface Waiting {
  kind: string;
  number: number;
  /** When it was asked (milliseconds of `performance.now`). */
  since: number;
  resolve(reply: Reply): void;
  reject(error: Error): void;
  busy: ReturnType<typeof setTimeout>;
  lost: ReturnType<typeof setTimeout>;
}

export class Channel {
  /** Time of the last message of any kind (milliseconds of `performance.now`). */
  heard = performance.now();
  /** Whether the host has said that the kernel of this view is gone: it takes no message any more. */
  gone = false;
  readonly #model: Model;
  readonly #onBusy: (busy: Busy) => void;
  readonly #listeners = new Map<string, (content: Bag) => void>();
  readonly #waiting = new Map<string, Waiting>();
  /** Ops that have waited long enough to say so. */
  readonly #late = new Set<string>();
  // crypto.randomUUID is missing on plain http to another host; this is not
  readonly #prefix = [...crypto.getRandomValues(new Uint32Array(2))].map((n) => n.toString(36)).join("");
  #count = 0;
  /** Number of the last message that was answered. */
  #answered = 0;

  /** `onBusy` is also called when `gone` has changed. */
  constructor(model: Model, onBusy: (busy: Busy) => void = () => undefined) {
    this.#model = model;
    this.#onBusy = onBusy;
    model.on("msg:custom", this.#receive as (...args: never[]) => void);
    model.on("comm_live_update", this.#end); // JupyterLab and Notebook say so when a kernel is restarted
  }

  /** Ask the kernel; rejects with its words when it answers with an error. What nobody waits for is asked `quietly`. */
  ask(kind: string, body: Bag = {}, quietly = false): Promise<Reply> {
    return this.#send(kind, { ...body, kind }, quietly);
  }

  /** Have a command carried out; resolves once the runner has taken it. */
  async command(cmd: Command, args: Bag = {}): Promise<void> {
    await this.#send("ack", { kind: "cmd", cmd, args });
  }

  /** Ask for the whole summary, where pushes did not arrive. */
  async pull(): Promise<unknown> {
    return (await this.#send("summary", { kind: "pull" }, true)).content.summary;
  }

  /** Hear what the kernel says unasked. */
  listen(kind: string, fn: (content: Bag) => void): void {
    this.#listeners.set(kind, fn);
  }

  /** Something has come from the kernel. */
  hear(): void {
    this.heard = performance.now();
    if (!this.gone) return;
    this.gone = false;
    this.#tell();
  }

  /** Let go of the model and of every timer; open questions stay unanswered. */
  close(): void {
    this.#model.off("msg:custom", this.#receive as (...args: never[]) => void);
    this.#model.off("comm_live_update", this.#end);
    for (const { busy, lost } of this.#waiting.values()) {
      clearTimeout(busy);
      clearTimeout(lost);
    }
    this.#waiting.clear();
  }

  #send(answer: string, message: Bag, quietly = false): Promise<Reply> {
    const number = (this.#count += 1);
    const op = `${this.#prefix}-${number}`;
    return new Promise<Reply>((resolve, reject) => {
      const busy = setTimeout(() => {
        if (quietly) return;
        this.#late.add(op);
        this.#tell();
      }, BUSY_AFTER);
      const late = (): void => {
        if (quietly || this.#answered > number) this.#settle(op)?.reject(new Error("The kernel did not answer."));
        else {
          waiting.lost = setTimeout(late, LOST_AFTER);
          void this.pull().catch(() => undefined); // if this is answered, the question was lost
          this.#tell();
        }
      };
      const waiting: Waiting = { kind: answer, number, since: performance.now(), resolve, reject, busy, lost: setTimeout(late, LOST_AFTER) };
      this.#waiting.set(op, waiting);
      try {
        this.#model.send({ ...message, op });
      } catch (error) {
        // a kernel that has ended has closed its side; what the host says to that is of no use to a reader
        this.#settle(op)?.reject(new Error(GONE));
        this.#end();
      }
    });
  }

  readonly #end = (): void => {
    this.gone = true;
    this.#tell();
  };

  readonly #receive = (raw: unknown, buffers: unknown): void => {
    const content = bag(raw);
    this.hear();
    const op = textOrNull(content.op);
    if (op === null) this.#listeners.get(text(content.kind))?.(content);
    if (op === null || this.#waiting.get(op)?.kind !== (content.kind === "pull" ? "summary" : content.kind)) return;
    const waiting = this.#settle(op);
    this.#answered = Math.max(this.#answered, waiting?.number ?? 0);
    const error = textOrNull(content.error);
    if (error === null) waiting?.resolve({ content, buffers: (Array.isArray(buffers) ? buffers : []).map(viewOf) });
    else waiting?.reject(new Error(error));
  };

  #settle(op: string): Waiting | undefined {
    const waiting = this.#waiting.get(op);
    if (!waiting) return undefined;
    clearTimeout(waiting.busy);
    clearTimeout(waiting.lost);
    this.#waiting.delete(op);
    if (this.#late.delete(op)) this.#tell();
    return waiting;
  }

  #tell(): void {
    const late = [...this.#late].map((op) => this.#waiting.get(op)).filter((each) => each !== undefined);
    const silent = late.some(({ since }) => this.heard < since && performance.now() - since >= LOST_AFTER);
    this.#onBusy(!late.length ? null : silent ? "silent" : late.some(({ kind }) => kind === "ack") ? "command" : "question");
  }
}
