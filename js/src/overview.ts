// The widget of a store: its runs, each in one line, and a button that opens one below.
import { Channel } from "./channel.ts";
import { button, h, icon, iconButton, keyed, setAria, setText, setTitle, show } from "./dom.ts";
import { copy } from "./parts/copy.ts";
import { busyWords, endedRunsWords } from "./parts/ended.ts";
import { standsIn } from "./parts/standin.ts";
import { rangeLabel } from "./pure/rows.ts";
import { attachCall, isLive, moneyWords, openLabel, parts, progressWords, readRuns, RUNS, whenWords, type Run, type Runs } from "./pure/runs.ts";
import { bag, text } from "./pure/guards.ts";
import { RUN_ICON } from "./pure/segments.ts";
import type { Segment } from "./pure/segments.ts";
import { clip } from "./pure/visible.ts";
import { onFrame, widget } from "./view.ts";

/** While a run goes on, the page is asked for again this often (milliseconds). */
const EVERY = 3000;

export default widget((model, root, onClose) => {
  let page: Runs = readRuns(model.get("overview"));
  let asking = false;
  let waits = "";
  let failed = "";
  const channel = new Channel(model, (busy) => {
    waits = busyWords(busy === "question" ? "command" : busy); // opening a run is a question that does something
    drawNote();
  });
  onClose(() => channel.close());
  onClose(standsIn(text(bag(model.get("overview")).view)));

  const where = h("span", { class: "bnb-models" });
  const range = h("span", { class: "bnb-range" });
  const newer = iconButton("back", "Newer runs", () => void load(Math.max(0, page.start - RUNS)));
  const older = iconButton("next", "Older runs", () => void load(page.start + RUNS));
  const note = h("p", { class: "bnb-status", role: "status", hidden: true });
  const list = h("ul", { class: "bnb-runs" });
  const empty = h("p", { class: "bnb-empty" }, "No runs yet: the first cell %%batchata makes one.");
  root.append(
    h("header", { class: "bnb-tools" }, h("h2", { class: "bnb-name" }, "Runs"), where, h("span", { class: "bnb-gap" }), range, h("span", { class: "bnb-set" }, newer, older)),
    note, list, empty,
  );

  async function load(start: number, quietly = false): Promise<void> {
    if (asking && quietly) return;
    asking = true;
    try {
      const { content } = await channel.ask("runs", { start, n: RUNS }, quietly);
      page = readRuns(content);
      failed = "";
      draw();
    } catch (error) {
      failed = error instanceof Error ? error.message : String(error);
    } finally {
      asking = false;
    }
    drawNote();
  }

  async function open(run: Run, node: HTMLButtonElement): Promise<void> {
    node.disabled = true;
    failed = "";
    try {
      await channel.ask("open", { run_id: run.runId });
    } catch (error) {
      failed = error instanceof Error ? error.message : String(error);
    }
    node.disabled = false;
    drawNote();
    await load(page.start, true);
  }

  function drawNote(): void {
    const words = channel.gone ? endedRunsWords : failed || waits;
    setText(note, words);
    note.className = failed && !channel.gone ? "bnb-status bnb-wrong" : "bnb-status";
    show(note, words !== "");
  }

  function line(run: Run): HTMLElement {
    const opening = button("", () => void open(run, opening), { class: "bnb-small" });
    const call = button("", () => void copy(attachCall(run)).then((done) => setText(said, done ? "copied" : "")), { class: "bnb-small bnb-call", title: "Copy the line that binds the run to its variable" });
    const said = h("span", { class: "bnb-note", role: "status" });
    return h("li", { class: "bnb-run" },
      h("span", { class: "bnb-run-name" }, h("b"), h("span", { class: "bnb-models" })),
      h("span", { class: "bnb-run-state" }),
      h("span", { class: "bnb-run-progress" }, h("span", { class: "bnb-bar", role: "img" }), h("span", { class: "bnb-note" })),
      h("span", { class: "bnb-run-money" }),
      h("span", { class: "bnb-run-when bnb-note" }),
      h("span", { class: "bnb-run-do" }, opening, call, said));
  }

  function fill(node: HTMLElement, run: Run): void {
    const part = (name: string): HTMLElement => node.querySelector<HTMLElement>(`.bnb-run-${name}`) as HTMLElement;
    const [name, models] = [...part("name").children] as [HTMLElement, HTMLElement];
    setText(name, clip(run.name, 80));
    setTitle(name, `run ${run.runId}`);
    setText(models, clip(run.models.join(", "), 120));
    const state = part("state");
    const says = `${run.state} ${run.word}`;
    if (state.dataset.says !== says) {
      state.dataset.says = says;
      state.className = `bnb-run-state bnb-state bnb-run-${run.state}`;
      state.replaceChildren(icon(RUN_ICON[run.state]), h("span", {}, run.word));
    }
    const [bar, words] = [...part("progress").children] as [HTMLElement, HTMLElement];
    keyed<Segment, HTMLElement>(bar, parts(run), (each) => each.state, (each) => h("span", { class: `bnb-part bnb-is-${each.state}` }), (each, segment) => {
      each.style.flexGrow = String(segment.share);
      setTitle(each, segment.label);
    });
    setAria(bar, "label", progressWords(run));
    setText(words, progressWords(run));
    setText(part("money"), moneyWords(run));
    setTitle(part("money"), run.practice ? "No model was asked; nothing was sent or paid" : "");
    setText(part("when"), whenWords(run));
    const [opening, call] = [...part("do").children] as [HTMLButtonElement, HTMLButtonElement];
    setText(opening, openLabel(run));
    opening.classList.toggle("bnb-primary", openLabel(run) !== "Open");
    setTitle(opening, openLabel(run) === "Open" ? "Show its dashboard below" : "Show its dashboard below; this kernel drives the run from now on");
    setAria(opening, "label", `${openLabel(run)}: ${run.name}, ${run.runId}`);
    setText(call, attachCall(run));
  }

  function draw(): void {
    setAria(root, "label", "Runs of this store");
    setText(where, clip(text(bag(model.get("overview")).store), 120));
    setText(range, rangeLabel(page.start, page.start + page.runs.length, page.total));
    for (const node of [newer, older]) show(node, page.total > RUNS);
    newer.disabled = page.start === 0;
    older.disabled = page.start + page.runs.length >= page.total;
    keyed(list, page.runs, (run) => run.runId, line, fill);
    show(empty, page.runs.length === 0);
  }

  const frame = onFrame(draw);
  onClose(frame.stop);
  const timer = setInterval(() => {
    if (!document.hidden && !asking && !channel.gone && page.runs.some(isLive)) void load(page.start, true);
  }, EVERY);
  onClose(() => clearInterval(timer));
  draw();
});
