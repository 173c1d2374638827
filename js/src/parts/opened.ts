// Between the table and the evidence view: which result is open, and what it shows.
import type { Channel } from "../channel.ts";
import { show } from "../dom.ts";
import { evidence } from "../evidence/evidence.ts";
import { readResult } from "../pure/snapshot.ts";
import type { Table } from "./table.ts";

const REFRESH = 1000; // an opened result that has not ended is asked for at most this often (milliseconds)

const SLOW = 400; // a result that has not come by then is said to be asked for (milliseconds)

export interface Opened {
  el: HTMLElement;
  /** `path`: the field to show the evidence of; the first one if left out. */
  open(row: number, path?: string): void;
  close(): void;
  /** The run has changed: what is open may have changed with it. */
  refresh(): void;
  stop(): void;
}

/** `stage` shows or hides what a result was opened from. */
export function opened(channel: Channel, table: () => Table, stage: (on: boolean) => void): Opened {
  let row: number | null = null;
  let loading = 0;
  let reviewed = false; // the table shows how far each result is checked
  let slow: ReturnType<typeof setTimeout> | undefined;
  let refreshing: ReturnType<typeof setTimeout> | undefined;
  const view = evidence(channel, { onClose: close, onStep: (step) => void move(step), onReview: () => (reviewed = true) });
  show(view.el, false);

  /** What was asked for last is what is shown. */
  async function load(wanted: number, quietly = false, path?: string): Promise<void> {
    const mine = ++loading;
    clearTimeout(slow);
    if (!quietly) slow = setTimeout(() => view.say("Asking the kernel for this result…"), SLOW);
    try {
      const reply = await channel.ask("result", { row: wanted }, quietly);
      if (mine === loading && row === wanted) view.open(readResult(reply.content.result), path);
    } catch (error) {
      if (mine === loading && row === wanted) view.say(error instanceof Error ? error.message : String(error));
    } finally {
      if (mine === loading) clearTimeout(slow);
    }
  }

  async function move(step: 1 | -1): Promise<void> {
    const to = row === null ? null : await table().neighbour(row, step);
    if (to === null || row === null) return;
    row = to;
    await load(to);
  }

  function close(): void {
    const last = row;
    row = null;
    clearTimeout(slow);
    if (last === null) return;
    show(view.el, false);
    stage(true);
    table().active(true, reviewed);
    reviewed = false;
    table().focusRow(last);
  }

  channel.listen("reviewed", (content) => {
    reviewed = true;
    if (row !== null && content.row === row) void load(row, true);
    else if (row === null) table().active(true, true);
  });

  return {
    el: view.el,
    open(wanted, path): void {
      row = wanted;
      table().active(false);
      stage(false);
      show(view.el, true);
      view.focus();
      void load(wanted, false, path).then(() => view.el.scrollIntoView?.({ block: "nearest" }));
    },
    close,
    refresh(): void {
      if (row === null) return;
      refreshing ??= setTimeout(() => {
        refreshing = undefined;
        if (row !== null && view.unsettled) void load(row, true);
      }, REFRESH);
    },
    stop(): void {
      clearTimeout(refreshing);
      clearTimeout(slow);
      view.stop();
    },
  };
}
