// The table of jobs: one page of rows from the kernel at a time, filtered, searched and sorted there.
import type { Channel } from "../channel.ts";
import { exportCalls } from "./export.ts";
import { append, button, h, icon, iconButton, keyed, setAria, setText, setTitle, show } from "../dom.ts";
import { count } from "../pure/format.ts";
import { cellText, columnsOf, nextOrder, pageStart, rangeLabel, rowNote, rowsRequest, type Column, type Query } from "../pure/rows.ts";
import { JOB_STATES, readRows, type JobState, type Row, type RowsPage, type Summary } from "../pure/snapshot.ts";
import { clip } from "../pure/visible.ts";

/** While rows change, they are asked for again at most this often (milliseconds). */
export const REFRESH = 1000;
const TYPING = 250; // after the last keystroke in the search box

export interface Table {
  el: HTMLElement;
  update(summary: Summary): void;
  filter(state: JobState | null): void;
  readonly state: JobState | null;
  /** The row after (1) or before (-1) one, over the ends of the page too. */
  neighbour(row: number, step: 1 | -1): Promise<number | null>;
  /** Put the focus on the row that was opened last. */
  focusRow(row: number): void;
  /** A table that is not seen asks for nothing; it asks when it is seen again, if there is reason to. */
  active(on: boolean, stale?: boolean): void;
  stop(): void;
}

export function table(channel: Channel, onOpen: (row: number) => void, onFilter: (state: JobState | null) => void): Table {
  let query: Query = { start: 0, state: null, text: "", order: null };
  let page: RowsPage = { rev: -1, total: 0, start: 0, columns: [], rows: [] };
  let summary: Summary | null = null;
  let asked = { rev: -1, at: -Infinity };
  let request = 0;
  let active = true;
  let later: ReturnType<typeof setTimeout> | undefined;
  let typing: ReturnType<typeof setTimeout> | undefined;

  const states = h("select", { class: "bnb-input", aria: { label: "Show jobs in state" } });
  const search = h("input", { type: "search", class: "bnb-input bnb-search", aria: { label: "Search jobs" } });
  search.placeholder = "Search";
  const range = h("span", { class: "bnb-range" });
  const turn = (name: "first" | "previous" | "next" | "last", label: string): HTMLButtonElement => {
    const go = (): void => ask({ start: pageStart(query.start, page.total, name) });
    return iconButton(name === "previous" ? "back" : name, label, go, name === "first" || name === "last" ? "bnb-far" : "");
  };
  const [first, previous, next, last] = [turn("first", "First page"), turn("previous", "Previous page"), turn("next", "Next page"), turn("last", "Last page")];
  const headRow = h("tr");
  const body = h("tbody");
  const grid = h("table", { class: "bnb-table" }, h("thead", {}, headRow), body);
  const scroller = h("div", { class: "bnb-scroll", tabIndex: -1 }, grid);
  const empty = h("p", { class: "bnb-empty" }, "Asking the kernel for the rows…");
  const failure = h("p", { class: "bnb-wrong", role: "alert", hidden: true });

  /** Ask for rows; what was asked for last is what is shown. */
  async function load(quietly = false): Promise<RowsPage | null> {
    clearTimeout(later);
    later = undefined;
    asked = { rev: summary?.rev ?? -1, at: performance.now() };
    const mine = ++request;
    try {
      const reply = await channel.ask("rows", rowsRequest(query), quietly);
      if (mine !== request) return null;
      page = readRows(reply.content);
      show(failure, false);
      if (!page.rows.length && page.total && query.start) {
        query = { ...query, start: pageStart(page.total, page.total, "last") };
        return await load();
      }
      draw();
      return page;
    } catch (error) {
      if (mine === request) {
        setText(failure, error instanceof Error ? error.message : String(error));
        show(failure, true);
      }
      return null;
    }
  }

  function ask(change: Partial<Query>): void {
    query = { start: 0, ...withoutStart(query), ...change };
    drawTools();
    if (active) void load();
    else asked = { rev: -1, at: -Infinity };
  }

  function drawTools(): void {
    states.value = query.state ?? "";
    setText(range, rangeLabel(page));
    const many = page.total > page.rows.length;
    for (const node of [first, previous, next, last]) show(node, many);
    first.disabled = previous.disabled = query.start === 0;
    next.disabled = last.disabled = page.start + page.rows.length >= page.total;
  }

  function drawStates(now: Summary): void {
    const options = ["", ...JOB_STATES.filter((state) => now.counts[state] > 0 || state === query.state)];
    keyed(states, options, (value) => value || "all", (value) => Object.assign(h("option"), { value }), (node, value) =>
      setText(node, value ? `${value} (${count(now.counts[value as JobState])})` : "All states"));
    states.value = query.state ?? "";
  }

  function draw(): void {
    drawTools();
    const columns = columnsOf(page, summary?.models.length ?? 1);
    keyed(headRow, columns, (column) => `${column.kind} ${column.by}`, headCell, (node, column) => {
      const sorted = query.order?.by === column.by ? (query.order.desc ? "descending" : "ascending") : null;
      setAria(node, "sort", sorted);
      node.className = `bnb-col-${column.kind}${column.numeric ? " bnb-number" : ""}`;
    });
    const focused = body.contains(document.activeElement) ? (document.activeElement as HTMLElement).dataset.row : undefined;
    keyed(body, page.rows, (row) => String(row.row), makeRow, (node, row) => drawRow(node, row, columns));
    if (focused !== undefined && !body.contains(document.activeElement)) rowNodes()[0]?.focus();
    rove();
    show(scroller, page.rows.length > 0);
    show(empty, page.rows.length === 0);
    const filtered = query.state !== null || query.text.trim() !== "";
    setText(empty, filtered ? "No job matches." : "No jobs yet: they appear here as soon as they are planned.");
  }

  function headCell(column: Column): HTMLTableCellElement {
    const cell = h("th", {});
    cell.scope = "col";
    if (column.sortable) {
      const sort = (): void => ask({ order: nextOrder(query.order, column.by) });
      const name = button(column.label, sort, { class: "bnb-sort", title: `Sort by ${column.label}` });
      name.append(icon("down"));
      cell.append(name);
    } else append(cell, column.label);
    return cell;
  }

  function makeRow(row: Row): HTMLTableRowElement {
    const node = h("tr", { tabIndex: -1 });
    node.dataset.row = String(row.row);
    return node;
  }

  /** One row is in the tab order; arrows reach the others. */
  function rove(): void {
    const nodes = rowNodes();
    const current = nodes.find((node) => node === document.activeElement) ?? nodes.find((node) => node.tabIndex === 0) ?? nodes[0];
    for (const node of nodes) node.tabIndex = node === current ? 0 : -1;
  }
  const rowNodes = (): HTMLElement[] => [...body.children] as HTMLElement[];

  const rowOf = (event: Event): HTMLElement | null => (event.target as Element).closest<HTMLElement>("tr[data-row]");
  body.addEventListener("click", (event) => {
    const node = rowOf(event);
    if (node && !document.getSelection()?.toString()) onOpen(Number(node.dataset.row));
  });
  body.addEventListener("focusin", rove);
  body.addEventListener("keydown", (event) => {
    const node = rowOf(event);
    const nodes = rowNodes();
    const at = node ? nodes.indexOf(node) : -1;
    if (!node || at < 0 || event.ctrlKey || event.metaKey || event.altKey) return;
    const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: nodes.length - 1 }[event.key];
    if (to !== undefined) nodes[Math.min(Math.max(to, 0), nodes.length - 1)]?.focus();
    else if (event.key === "Enter" || event.key === " ") onOpen(Number(node.dataset.row));
    else if (event.key === "PageDown" && !next.disabled) next.click();
    else if (event.key === "PageUp" && !previous.disabled) previous.click();
    else return;
    event.preventDefault();
  });
  states.addEventListener("change", () => {
    const state = JOB_STATES.find((known) => known === states.value) ?? null;
    ask({ state });
    onFilter(state);
  });
  search.addEventListener("input", () => {
    clearTimeout(typing);
    typing = setTimeout(() => ask({ text: search.value }), TYPING);
  });

  const exporting = exportCalls();
  drawTools();
  return {
    el: h("div", { class: "bnb-results" },
      h("div", { class: "bnb-tools" }, h("h3", {}, "Results"), states, search, h("span", { class: "bnb-gap" }), range, first, previous, next, last, exporting.button),
      exporting.panel, failure, scroller, empty),
    update(now): void {
      exporting.update(now.name);
      const models = summary?.models.length;
      summary = now;
      drawStates(now);
      if (models !== undefined && models !== now.models.length) draw();
      if (!active || now.rev === asked.rev || later !== undefined) return;
      later = setTimeout(() => void load(true), Math.max(0, asked.at + REFRESH - performance.now()));
    },
    filter: (state) => ask({ state }),
    get state() {
      return query.state;
    },
    async neighbour(row, step) {
      const at = page.rows.findIndex((item) => item.row === row);
      const there = at < 0 ? undefined : page.rows[at + step];
      if (there) return there.row;
      const to = pageStart(query.start, page.total, step > 0 ? "next" : "previous");
      if (at < 0 || to === query.start) return null;
      query = { ...query, start: to };
      const fresh = await load();
      return fresh?.rows.at(step > 0 ? 0 : -1)?.row ?? null;
    },
    focusRow: (row) => rowNodes().find((node) => node.dataset.row === String(row))?.focus(),
    active(on, stale = false): void {
      active = on;
      if (on && (stale || (summary && summary.rev !== asked.rev))) void load();
    },
    stop(): void {
      clearTimeout(later);
      clearTimeout(typing);
    },
  };
}

const withoutStart = ({ state, text, order }: Query): Omit<Query, "start"> => ({ state, text, order });

function drawRow(node: HTMLTableRowElement, row: Row, columns: readonly Column[]): void {
  const note = rowNote(row);
  // a row is drawn again only when it says something else, so that a selection in it survives
  const says = JSON.stringify([row, columns.map((column) => [column.by, column.numeric])]);
  if (drawn.get(node) === says) return;
  drawn.set(node, says);
  node.className = `bnb-row bnb-is-${row.state}`;
  setAria(node, "label", `${row.id}, ${row.state}`);
  const fields = columns.filter((column) => column.kind === "field").length;
  const cells: HTMLElement[] = [];
  let spanned = false;
  for (const column of columns) {
    if (column.kind === "field" && note !== null) {
      if (!spanned) cells.push(noteCell(note, fields));
      spanned = true;
      continue;
    }
    const full = cellText(row, column);
    const cell = h("td", { class: `bnb-col-${column.kind}${column.numeric ? " bnb-number" : ""}` });
    if (column.kind === "state") append(cell, icon(row.state), h("span", {}, row.state));
    else append(cell, h("bdi", {}, clip(full.replace(/\s+/g, " "), 160)));
    if (full.length > 24) setTitle(cell, clip(full, 600));
    // without field columns (nothing has been extracted yet) an error stands beside the id
    if (column.kind === "id" && note && !fields) append(cell, h("span", { class: "bnb-message" }, ` ${clip(note, 160)}`));
    cells.push(cell);
  }
  node.replaceChildren(...cells);
}
const drawn = new WeakMap<Element, string>();

function noteCell(note: string, columns: number): HTMLTableCellElement {
  const cell = h("td", { class: "bnb-message", title: clip(note, 600) }, h("bdi", {}, clip(note, 200)));
  cell.colSpan = columns;
  return cell;
}
