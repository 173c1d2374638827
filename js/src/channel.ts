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
/** After this long an unanswered question is given up, so that it can be asked again (milliseconds). */
export const LOST_AFTER = 20_000;
/** The same for commands, which a busy kernel carries out later. */
export const UNCONFIRMED_AFTER = 60_000;

export const GONE = "The kernel of this view has ended.";

/** What waits for a busy kernel; a command outweighs a question. */
export type Busy = "command" | "question" | null;

/** Hosts hand over views or whole buffers. */
const viewOf = (buffer: DataView | ArrayBuffer): DataView => (buffer instanceof ArrayBuffer ? new DataView(buffer) : buffer);

interface Waiting {
  kind: string;
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

  constructor(model: Model, onBusy: (busy: Busy) => void = () => undefined) {
    this.#model = model;
    this.#onBusy = onBusy;
    model.on("msg:custom", this.#receive as (...args: never[]) => void);
  }

  /** Ask the kernel; rejects with its words when it answers with an error. What nobody waits for is asked `quietly`. */
  ask(kind: string, body: Bag = {}, quietly = false): Promise<Reply> {
    return this.#send(kind, { ...body, kind }, LOST_AFTER, quietly);
  }

  /** Have a command carried out; resolves once the runner has taken it. */
  async command(cmd: Command, args: Bag = {}): Promise<void> {
    await this.#send("ack", { kind: "cmd", cmd, args }, UNCONFIRMED_AFTER);
  }

  /** Ask for the whole summary, where pushes did not arrive. */
  async pull(): Promise<unknown> {
    return (await this.#send("summary", { kind: "pull" }, LOST_AFTER, true)).content.summary;
  }

  /** Hear what the kernel says unasked. */
  listen(kind: string, fn: (content: Bag) => void): void {
    this.#listeners.set(kind, fn);
  }

  /** Let go of the model and of every timer; open questions stay unanswered. */
  close(): void {
    this.#model.off("msg:custom", this.#receive as (...args: never[]) => void);
    for (const { busy, lost } of this.#waiting.values()) {
      clearTimeout(busy);
      clearTimeout(lost);
    }
    this.#waiting.clear();
  }

  #send(answer: string, message: Bag, lostAfter: number, quietly = false): Promise<Reply> {
    this.#count += 1;
    const op = `${this.#prefix}-${this.#count}`;
    return new Promise<Reply>((resolve, reject) => {
      const busy = setTimeout(() => {
        if (quietly) return;
        this.#late.add(op);
        this.#tell();
      }, BUSY_AFTER);
      const lost = setTimeout(() => this.#settle(op)?.reject(new Error("The kernel did not answer.")), lostAfter);
      this.#waiting.set(op, { kind: answer, resolve, reject, busy, lost });
      try {
        this.#model.send({ ...message, op });
      } catch (error) {
        // a kernel that has ended has closed its side; what the host says to that is of no use to a reader
        this.gone = true;
        this.#settle(op)?.reject(new Error(GONE));
      }
    });
  }

  readonly #receive = (raw: unknown, buffers: unknown): void => {
    const content = bag(raw);
    this.heard = performance.now();
    this.gone = false;
    const op = textOrNull(content.op);
    if (op === null) this.#listeners.get(text(content.kind))?.(content);
    if (op === null || this.#waiting.get(op)?.kind !== (content.kind === "pull" ? "summary" : content.kind)) return;
    const waiting = this.#settle(op);
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
    const command = [...this.#late].some((op) => this.#waiting.get(op)?.kind === "ack");
    this.#onBusy(command ? "command" : this.#late.size ? "question" : null);
  }
}
