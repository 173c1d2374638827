// The widget of a run: what it does, what it costs, what came of it.
import { Channel, type Busy } from "./channel.ts";
import { button, h, icon, setAria, setText, setTitle, show } from "./dom.ts";
import { evidence } from "./evidence/evidence.ts";
import { actions } from "./parts/actions.ts";
import { batches } from "./parts/batches.ts";
import { notices } from "./parts/notices.ts";
import { progress } from "./parts/progress.ts";
import { table } from "./parts/table.ts";
import type { Bag } from "./pure/guards.ts";
import { folds, isFinal, oneLine, RUN_WORDS } from "./pure/segments.ts";
import { readResult, readSummary, type Command, type JobState, type RunState, type Summary } from "./pure/snapshot.ts";
import { clip } from "./pure/visible.ts";
import { onFrame, widget } from "./view.ts";

/** A view that heard nothing for this long asks by itself (milliseconds). */
const QUIET = 2000;
const TICK = 1000;
const AT_REST = 15_000; // the same for a run that waits for its user
const SILENT = 15_000; // after this long without a word the view says so

const RUN_ICON: Record<RunState, Parameters<typeof icon>[0]> = {
  planning: "pending", running: "running", paused: "held", cancelling: "cancelled", held: "held",
  finished: "succeeded", cancelled: "cancelled", failed: "errored",
};

export default widget((model, root, onClose) => {
  let summary = readSummary(model.get("summary"));
  let arrived = performance.now();
  let unfolded = false; // the user wants to see the details of a finished run
  let opened: number | null = null;
  let pulling = false;
  let busyWords = "";
  let said = "";

  const channel = new Channel(model, (busy) => {
    busyWords = BUSY[busy ?? "none"];
    drawNote();
  });
  onClose(() => channel.close());

  const name = h("h2", { class: "bnb-name" });
  const state = h("span", { class: "bnb-state" });
  const models = h("span", { class: "bnb-models" });
  const words = h("p", { class: "bnb-words" });
  const note = h("p", { class: "bnb-status", role: "status" });
  const live = h("p", { class: "bnb-hidden", role: "status" });
  const fold = button("Details", () => {
    unfolded = Boolean(body.hidden);
    draw();
  });
  const doing = actions(command);
  const bars = progress(onFilter);
  const facts = notices((kind) => void command("retry_failed", { kind }));
  const details = batches();
  const rows = table(channel, open, () => draw());
  onClose(() => rows.stop());
  const view = evidence(channel, { onClose: close, onStep: (step) => void move(step) });
  onClose(() => view.stop());
  const body = h("div", { class: "bnb-body" }, bars.el, facts.el, details.el);
  show(view.el, false);
  root.append(
    h("header", { class: "bnb-head" }, h("div", { class: "bnb-heading" }, name, state, models, words), doing.el, fold),
    doing.ask, note, live, body, rows.el, view.el,
  );

  async function command(cmd: Command, args: Bag = {}): Promise<void> {
    said = "";
    drawNote();
    try {
      await channel.command(cmd, args);
    } catch (error) {
      said = error instanceof Error ? error.message : String(error);
    }
    drawNote();
  }

  function drawNote(silent = false): void {
    const quiet = silent ? "The kernel has not answered for a while: it is busy, or has stopped. What you see is the last that was heard." : "";
    const text = said || busyWords || quiet;
    note.className = said ? "bnb-status bnb-wrong" : "bnb-status";
    setText(note, text);
    show(note, text !== "");
  }

  function onFilter(wanted: JobState | null): void {
    if (opened !== null) close();
    rows.filter(wanted);
    draw();
  }

  function open(row: number): void {
    opened = row;
    rows.active(false);
    show(rows.el, false);
    show(view.el, true);
    view.focus();
    void load(row).then(() => view.el.scrollIntoView?.({ block: "nearest" }));
  }

  let loading = 0;
  async function load(row: number): Promise<void> {
    const mine = ++loading;
    try {
      const reply = await channel.ask("result", { row });
      if (mine === loading && opened === row) view.open(readResult(reply.content.result));
    } catch (error) {
      if (mine === loading && opened === row) view.say(error instanceof Error ? error.message : String(error));
    }
  }

  async function move(step: 1 | -1): Promise<void> {
    if (opened === null) return;
    const to = await rows.neighbour(opened, step);
    if (to === null || opened === null) return;
    opened = to;
    await load(to);
  }

  function close(): void {
    const row = opened;
    opened = null;
    show(view.el, false);
    show(rows.el, true);
    rows.active(true);
    if (row !== null) rows.focusRow(row);
  }

  function draw(): void {
    const folded = folds(summary.state) && !unfolded;
    root.classList.toggle("bnb-folded", folded);
    setAria(root, "label", `Batch run ${summary.name}`);
    setText(name, clip(summary.name, 80));
    setTitle(name, `run ${summary.runId}`);
    drawState();
    setText(words, folded ? oneLine(summary) : clip(summary.words, 400));
    setText(models, clip(summary.models.join(", "), 200));
    doing.update(summary);
    show(fold, folds(summary.state));
    setText(fold, folded ? "Details" : "Fewer details");
    setAria(fold, "expanded", String(!folded));
    show(body, !folded);
    bars.update(summary, rows.state);
    facts.update(summary);
    rows.update(summary);
    tick();
    setText(live, isFinal(summary.state) ? `${summary.name}: ${RUN_WORDS[summary.state]}. ${oneLine(summary)}` : `${summary.name}: ${RUN_WORDS[summary.state]}`);
  }

  let drawnState: string | null = null;
  function drawState(): void {
    const key = `${summary.state} ${summary.practice}`;
    if (key === drawnState) return;
    drawnState = key;
    state.className = `bnb-state bnb-run-${summary.state}`;
    state.replaceChildren(icon(RUN_ICON[summary.state]), h("span", {}, RUN_WORDS[summary.state]));
    if (summary.practice) state.append(h("span", { class: "bnb-tag", title: "No model was asked; nothing was sent or paid" }, "practice"));
  }

  /** What changes by itself: time. */
  function tick(): void {
    const age = (performance.now() - arrived) / 1000;
    const still = isFinal(summary.state) || summary.state === "held" || performance.now() - channel.heard > SILENT;
    bars.tick(summary, summary.elapsed + (still ? 0 : age));
    details.update(summary, age);
  }

  function take(next: Summary): void {
    if (next.rev < summary.rev && next.runId === summary.runId) return;
    const news = next.rev !== summary.rev;
    summary = next;
    arrived = performance.now();
    frame.ask();
    if (news && opened !== null) refresh();
  }

  /** An opened result that has not ended is asked for again, at most once a second. */
  let refreshing: ReturnType<typeof setTimeout> | undefined;
  onClose(() => clearTimeout(refreshing));
  function refresh(): void {
    refreshing ??= setTimeout(() => {
      refreshing = undefined;
      if (opened !== null && view.unsettled) void load(opened);
    }, TICK);
  }

  async function pull(): Promise<void> {
    pulling = true;
    try {
      const answer = await channel.pull();
      if (answer) take(readSummary(answer));
    } catch {
      // an unanswered pull is said by drawNote; the next tick asks again
    } finally {
      pulling = false;
    }
  }

  const frame = onFrame(draw);
  onClose(frame.stop);
  const onSummary = (): void => {
    channel.heard = performance.now();
    take(readSummary(model.get("summary")));
  };
  model.on("change:summary", onSummary);
  onClose(() => model.off("change:summary", onSummary));

  const timer = setInterval(() => {
    if (document.hidden || isFinal(summary.state)) return;
    const quiet = performance.now() - channel.heard;
    drawNote(quiet > SILENT && summary.state !== "held");
    if (!pulling && quiet > (summary.state === "held" ? AT_REST : QUIET)) void pull();
    tick();
  }, TICK);
  onClose(() => clearInterval(timer));
  draw();
});

const BUSY: Record<NonNullable<Busy> | "none", string> = {
  command: "Kernel busy: this will be done when the cell ends or is interrupted.",
  question: "Kernel busy: what you asked for appears when the cell ends.",
  none: "",
};
