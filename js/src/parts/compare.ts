// Several models on the same inputs: one field, a column for each model, and where they differ.
import type { Channel } from "../channel.ts";
import { append, button, h, icon, iconButton, keyed, setAria, setText, setTitle, show } from "../dom.ts";
import { count, dollars } from "../pure/format.ts";
import { agreementLabel, percent, readComparison, type Comparison, type Pair } from "../pure/comparison.ts";
import { pageStart, PAGE, rangeLabel } from "../pure/rows.ts";
import { clip } from "../pure/visible.ts";

export interface Compare {
  el: HTMLElement;
  /** Ask for what is shown anew. */
  load(): Promise<void>;
}

export function compare(channel: Channel, onOpen: (row: number, path: string) => void, onBack: () => void): Compare {
  let found: Comparison | null = null;
  const query = { start: 0, path: "", differ: false };
  let request = 0;

  const field = h("select", { class: "bnb-input", aria: { label: "Field to compare" } });
  const box = h("input", { type: "checkbox" });
  const range = h("span", { class: "bnb-range" });
  const back = iconButton("back", "Previous page", () => turn("previous"));
  const next = iconButton("next", "Next page", () => turn("next"));
  const bar = h("span", { class: "bnb-agree-bar", role: "img" }, h("span"));
  const words = h("span", { class: "bnb-range" });
  const headRow = h("tr");
  const body = h("tbody");
  const scroll = h("div", { class: "bnb-scroll", tabIndex: 0, role: "group", aria: { label: "Answers side by side" } }, h("table", { class: "bnb-table bnb-side-by-side" }, h("thead", {}, headRow), body));
  const note = h("p", { class: "bnb-empty", role: "status" }, "Asking the kernel for the answers…");

  async function load(): Promise<void> {
    const mine = ++request;
    try {
      const { content } = await channel.ask("compare", { start: query.start, n: PAGE, path: query.path || null, differ: query.differ });
      if (mine !== request) return;
      found = readComparison(content);
      query.path = found.path;
      draw(found);
    } catch (error) {
      if (mine !== request) return;
      setText(note, error instanceof Error ? error.message : String(error));
      show(note, true);
    }
  }

  function turn(name: "previous" | "next"): void {
    query.start = pageStart(query.start, found?.total ?? 0, name);
    scroll.scrollTop = 0;
    void load();
  }

  function draw(now: Comparison): void {
    keyed(field, now.columns, (path) => path, (path) => Object.assign(h("option"), { value: path }), (node, path) =>
      setText(node, clip(path, 60) + (now.agreement[path] ? ` – ${percent(now.agreement[path])} agree` : "")));
    field.value = now.path;
    show(field, now.columns.length > 0);
    const share = now.agreement[now.path];
    show(bar, Boolean(share?.of));
    (bar.children[0] as HTMLElement).style.width = `${share?.of ? (100 * share.same) / share.of : 0}%`;
    setText(words, share?.of ? `${count(share.same)} of ${count(share.of)} agree` : "");
    setAria(bar, "label", share ? agreementLabel(share) : "");
    setText(range, rangeLabel(now.start, now.start + now.rows.length, now.total));
    for (const node of [range, back, next]) show(node, now.total > PAGE);
    back.disabled = now.start === 0;
    next.disabled = now.start + now.rows.length >= now.total;
    const heads = ["Input", ...(now.gold ? ["Right"] : []), ...(now.models.length > 1 ? ["Agree"] : []), ...now.models];
    keyed(headRow, heads, (name, i) => `${i} ${name}`, () => Object.assign(h("th"), { scope: "col" }), (node, name) => {
      const score = now.models.includes(name) ? now.accuracy[now.path]?.[name] : undefined;
      const cost = now.models.includes(name) ? now.perThousand[name] : undefined;
      const notes = [score?.of ? `${count(score.same)} of ${count(score.of)} right, ${percent(score)}` : "", cost === undefined ? "" : `${dollars(cost)} per 1,000`];
      node.replaceChildren(h("span", {}, name), ...notes.filter(Boolean).map((words) => h("span", { class: "bnb-note bnb-score" }, words)));
    });
    body.replaceChildren(...now.rows.map((pair) => line(pair, now)));
    show(scroll, now.rows.length > 0);
    setText(note, now.rows.length ? "" : query.differ ? "The models agree on every input." : "No answers yet.");
    show(note, now.rows.length === 0);
  }

  function line(pair: Pair, { models, gold, path }: Comparison): HTMLElement {
    const words = pair.same === null ? "" : pair.same ? "same" : "differ";
    const mark = h("td", { class: `bnb-agree bnb-agree-${words || "open"}` });
    if (words) append(mark, icon(pair.same ? "equal" : "unequal"), h("span", {}, words));
    const right = gold ? [h("td", {}, h("bdi", {}, clip((pair.gold ?? "").replace(/\s+/g, " "), 160)))] : [];
    return h("tr", { class: pair.same === false ? "bnb-differs" : "" }, h("td", {}, h("bdi", {}, clip(pair.id, 120))), ...right, ...(models.length > 1 ? [mark] : []), ...models.map((model) => {
      const cell = pair.cells[model];
      if (!cell) return h("td");
      const verdict = cell.right === null ? "" : cell.right ? ", right" : ", wrong";
      const node = button("", () => onOpen(cell.row, path), { class: "bnb-cell", aria: { label: `${model}: ${clip(cell.value ?? cell.state, 160)}${verdict}. Show its evidence` } });
      if (cell.right !== null) append(node, verdictIcon(cell.right));
      if (cell.value === null) append(node, icon(cell.state), h("span", { class: "bnb-note" }, cell.state));
      else append(node, h("bdi", {}, clip(cell.value.replace(/\s+/g, " "), 160) || "empty"));
      if ((cell.value?.length ?? 0) > 24) setTitle(node, clip(cell.value ?? "", 600));
      return h("td", { class: `bnb-is-${cell.state}` }, node);
    }));
  }

  /** A tick, or a cross in its own colour, whatever the state of the job. */
  function verdictIcon(right: boolean): Node {
    return h("span", { class: right ? "bnb-is-succeeded" : "bnb-is-errored" }, icon(right ? "succeeded" : "errored"));
  }

  field.addEventListener("change", () => {
    Object.assign(query, { path: field.value, start: 0 });
    void load();
  });
  box.addEventListener("change", () => {
    Object.assign(query, { differ: box.checked, start: 0 });
    void load();
  });
  return {
    el: h("div", { class: "bnb-results bnb-compare", hidden: true },
      h("div", { class: "bnb-tools" }, button("All results", onBack, { class: "bnb-small" }), h("h3", {}, "Models side by side"), field, h("label", { class: "bnb-set" }, box, h("span", {}, "\u00a0only differences")), h("span", { class: "bnb-gap" }), bar, words, range, h("span", { class: "bnb-set" }, back, next)),
      scroll, note),
    load,
  };
}
