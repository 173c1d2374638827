// The widget of a run: what it does, what it costs, what came of it.
import { Channel } from "./channel.ts";
import { button, h, icon, setAria, setText, setTitle, show } from "./dom.ts";
import { actions } from "./parts/actions.ts";
import { batches } from "./parts/batches.ts";
import { compare } from "./parts/compare.ts";
import { busyWords, endedWords, silentWords } from "./parts/ended.ts";
import { notices } from "./parts/notices.ts";
import { opened } from "./parts/opened.ts";
import { progress } from "./parts/progress.ts";
import { beat, SILENT } from "./parts/pulse.ts";
import { reconcile } from "./parts/reconcile.ts";
import { standsIn } from "./parts/standin.ts";
import { table } from "./parts/table.ts";
import type { Bag } from "./pure/guards.ts";
import { folds, isFinal, oneLine, RUN_ICON, RUN_WORDS } from "./pure/segments.ts";
import { readSummary, type Command, type JobState, type Summary } from "./pure/snapshot.ts";
import { clip } from "./pure/visible.ts";
import { onFrame, widget } from "./view.ts";

export default widget((model, root, onClose) => {
  let summary = readSummary(model.get("summary"));
  let arrived = performance.now();
  let unfolded = false; // the user wants to see the details of a finished run
  let waits = "";
  let said = "";

  const channel = new Channel(model, (busy) => {
    waits = busyWords(busy);
    drawNote();
  });
  onClose(() => channel.close());
  onClose(standsIn(summary.runId));

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
  const facts = notices(({ kind, more }) => void command("retry_failed", more === null ? { kind } : { kind, max_tokens: more }), () => doing.raise(), onCause);
  const lost = reconcile(command);
  const details = batches();
  let comparing = false;
  const versus = button("Compare models", () => compareModels(true), { class: "bnb-small" });
  const rows = table(channel, (row, path) => result.open(row, path), () => draw(), [versus]);
  onClose(() => rows.stop());
  const side = compare(channel, (row, path) => result.open(row, path), () => compareModels(false));
  const stage = (on: boolean): void => {
    show(rows.el, on && !comparing);
    show(side.el, on && comparing);
  };
  const result = opened(channel, () => rows, stage);
  onClose(() => result.stop());
  const body = h("div", { class: "bnb-body" }, bars.el, facts.el, lost.el, details.el);
  root.append(
    h("header", { class: "bnb-head" }, h("div", { class: "bnb-heading" }, name, state, models, words), doing.el, fold),
    doing.ask, note, live, body, rows.el, side.el, result.el,
  );

  function compareModels(on: boolean): void {
    comparing = on;
    stage(true);
    rows.active(!on);
    if (on) void side.load();
  }

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
    const quiet = channel.gone ? endedWords(summary) : silent ? silentWords(summary) : "";
    const text = channel.gone ? quiet : said || waits || quiet;
    note.className = said ? "bnb-status bnb-wrong" : "bnb-status";
    setText(note, text);
    show(note, text !== "");
    show(doing.el, !channel.gone); // nobody would carry them out
  }

  function onFilter(wanted: JobState | null): void {
    result.close();
    rows.filter(wanted);
    draw();
  }

  function onCause(kind: string): void {
    result.close();
    rows.filterCause(rows.cause === kind ? null : kind);
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
    facts.update(summary, rows.cause);
    lost.update(summary);
    rows.update(summary);
    setText(versus, summary.models.length > 1 ? "Compare models" : "Accuracy");
    show(versus, summary.models.length > 1 || summary.gold);
    drawNote();
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
    const still = channel.gone || atRest() || performance.now() - channel.heard > SILENT;
    bars.tick(summary, summary.elapsed + (still ? 0 : age));
    details.update(summary, age);
  }

  function take(next: Summary): void {
    if (next.runId !== summary.runId) {
      // the whole run in the place of its preview: other rows stand under the same numbers
      result.close();
      compareModels(false);
    } else if (next.rev !== summary.rev) result.refresh();
    summary = next;
    arrived = performance.now();
    frame.ask();
  }

  const frame = onFrame(draw);
  onClose(frame.stop);
  const onSummary = (): void => {
    channel.hear();
    take(readSummary(model.get("summary")));
  };
  model.on("change:summary", onSummary);
  onClose(() => model.off("change:summary", onSummary));

  const atRest = (): boolean => isFinal(summary.state) || summary.state === "held";
  onClose(beat(channel, {
    state: () => (isFinal(summary.state) ? "final" : atRest() ? "rest" : "live"),
    take(answer): void {
      const pulled = readSummary(answer);
      if (pulled.rev >= summary.rev || pulled.runId !== summary.runId) take(pulled); // a push may have overtaken it
    },
    tick(silent): void {
      drawNote(silent);
      tick();
    },
  }));
  draw();
});
