// The table of jobs, as long as there are jobs: the kernel filters, searches and sorts, and sends the rows in sight.
import type { Channel } from "../channel.ts";
import { append, button, h, icon, iconButton, keyed, setAria, setText, show } from "../dom.ts";
import { count } from "../pure/format.ts";
import { columnsOf, nextOrder, PAGE, pageStart, rangeLabel, rowsRequest, type Column, type Query } from "../pure/rows.ts";
import { ENDED, isFinal } from "../pure/segments.ts";
import { JOB_STATES, readRows, type JobState, type Row, type RowsPage, type Summary } from "../pure/snapshot.ts";
import { clip } from "../pure/visible.ts";
import { onKey } from "../view.ts";
import { Blocks } from "./blocks.ts";
import { columnChoice } from "./columns.ts";
import { copy, tabbed } from "./copy.ts";
import { exportCalls } from "./export.ts";
import { copyText, drawRow, fieldOf } from "./rows.ts";
import { viewport } from "./viewport.ts";

/** While rows change, they are asked for again at most this often (milliseconds). */
export const REFRESH = 1000;
const AGAIN = 5000; // after rows could not be had
const TYPING = 250; // after the last keystroke in the search box
const SETTLED = 60; // after the last move of the scroll bar

const isOver = ({ state }: Summary): boolean => isFinal(state) || state === "held";

export interface Table {
  el: HTMLElement;
  update(summary: Summary): void;
  filter(state: JobState | null): void;
  readonly state: JobState | null;
  /** Show only the jobs that failed with a kind of error. */
  filterCause(cause: string | null): void;
  readonly cause: string | null;
  /** The row after (1) or before (-1) one, over the ends of what is held too. */
  neighbour(row: number, step: 1 | -1): Promise<number | null>;
  /** Put the focus on the row that was opened last. */
  focusRow(row: number): void;
  /** A table that is not seen asks for nothing; it asks when it is seen again, if there is reason to. */
  active(on: boolean, stale?: boolean): void;
  stop(): void;
}

const ASKED = "Asking the kernel for the rows…";

export function table(channel: Channel, onOpen: (row: number, path?: string) => void, onFilter: (state: JobState | null) => void, more: HTMLElement[] = []): Table {
  let query: Query = { state: null, cause: null, text: "", order: null };
  let page: RowsPage = { rev: -1, total: 0, start: 0, columns: [], rows: [], reviewed: { begun: 0, done: 0 } };
  let summary: Summary | null = null;
  let asked = { rev: -1, at: -Infinity };
  let request = 0;
  let renewing = false; // what is held is out of date, and asked for
  let held = -1; // revision of the run that the oldest of what is held is of
  let active = true;
  let later: ReturnType<typeof setTimeout> | undefined;
  let typing: ReturnType<typeof setTimeout> | undefined;
  let settling: ReturnType<typeof setTimeout> | undefined;
  const blocks = new Blocks();

  const states = h("select", { class: "bnb-input", aria: { label: "Show jobs in state" } });
  const search = h("input", { type: "search", class: "bnb-input bnb-search", aria: { label: "Search jobs" } });
  search.placeholder = "Search";
  const range = h("span", { class: "bnb-range" });
  const cause = button("", () => filterCause(null), { class: "bnb-small bnb-cause", title: "Show the other jobs again" });
  const copied = h("span", { class: "bnb-note", role: "status" });
  const turn = (name: "first" | "previous" | "next" | "last", label: string): HTMLButtonElement => {
    const go = (): void => jump({ first: 0, previous: view.first - view.rows(), next: view.first + view.rows(), last: blocks.total }[name]);
    return iconButton(name === "previous" ? "back" : name, label, go, name === "first" || name === "last" ? "bnb-far" : "");
  };
  const [first, previous, next, last] = [turn("first", "First page"), turn("previous", "Previous page"), turn("next", "Next page"), turn("last", "Last page")];
  const headRow = h("tr");
  const body = h("tbody");
  const grid = h("table", { class: "bnb-table", aria: { label: "Results" } }, h("thead", {}, headRow), body);
  const view = viewport(grid, onScroll);
  const empty = h("p", { class: "bnb-empty" }, ASKED);
  const failure = h("p", { class: "bnb-wrong", role: "alert", hidden: true });
  const choice = columnChoice(() => draw());
  let columns: Column[] = [];

  /** Ask for a stretch of rows; what was asked for last is what is shown. */
  async function load(start: number, n: number, quietly = false, fresh = false): Promise<boolean> {
    const mine = ++request;
    renewing ||= fresh;
    try {
      const reply = await channel.ask("rows", rowsRequest(query, start, n), quietly);
      if (mine !== request) return false;
      page = readRows(reply.content);
      asked.rev = Math.min(asked.rev, page.rev); // its order may be behind: with the next summary it is asked for again
      show(failure, false);
      const partly = renewing && !fresh; // this took the place of what was to renew all that is in sight
      const all = renewing || page.total !== blocks.total;
      if (all) blocks.clear();
      blocks.put(page);
      held = all ? page.rev : Math.min(held, page.rev);
      renewing = false;
      if (!page.rows.length && page.total && start) {
        const { start: to } = view.jump(pageStart(start, page.total, "last"), page.total);
        return await load(to, PAGE, quietly);
      }
      draw();
      if (partly) void fill();
      // its jobs were sent again, or came right: nothing would be left to see
      if (query.cause !== null && !page.total && !query.text && !summary?.errors.some(({ kind }) => kind === query.cause)) filterCause(null);
      return true;
    } catch (error) {
      if (mine === request) {
        setText(failure, error instanceof Error ? error.message : String(error));
        show(failure, true);
        if (fresh && !channel.gone) later ??= setTimeout(() => void reload(true), AGAIN);
      }
      return false;
    }
  }

  /** Ask for what is in sight anew. */
  function reload(quietly = false): Promise<boolean> {
    clearTimeout(later);
    later = undefined;
    asked = { rev: summary?.rev ?? -1, at: performance.now() };
    const { from, to } = view.span(blocks.total);
    const start = Math.floor(from / PAGE) * PAGE;
    return load(start, Math.min(4, Math.max(1, Math.ceil((to - start) / PAGE))) * PAGE, quietly, true);
  }

  /** Ask for what is in sight and not held. */
  async function fill(): Promise<void> {
    const { from, to } = view.span(blocks.total);
    const missing = blocks.missing(from, to);
    if (missing) await load(missing.start, missing.n);
  }

  function ask(change: Partial<Query>): void {
    query = { ...query, ...change };
    view.jump(0, blocks.total);
    drawTools();
    if (active) void reload();
    else asked = { rev: -1, at: -Infinity };
  }

  function jump(index: number): void {
    view.jump(index, blocks.total);
    draw();
    void fill();
  }

  function onScroll(): void {
    draw();
    clearTimeout(settling);
    settling = setTimeout(() => void fill(), SETTLED);
  }

  function filterCause(wanted: string | null): void {
    ask({ state: null, cause: wanted });
    onFilter(null);
  }

  function drawTools(): void {
    states.value = query.state ?? "";
    show(cause, query.cause !== null);
    setText(cause, query.cause === null ? "" : `only ${clip(query.cause.replaceAll("_", " "), 40)} ×`);
    const { total } = blocks;
    const checked = page.reviewed.begun ? ` · ${count(page.reviewed.done)} checked` : "";
    setText(range, rangeLabel(view.first, view.last(total), total) + checked);
    for (const node of [first, previous, next, last]) show(node, total > PAGE);
    first.disabled = previous.disabled = view.first === 0;
    next.disabled = last.disabled = view.last(total) >= total;
  }

  function drawStates(now: Summary): void {
    const options = ["", ...JOB_STATES.filter((state) => now.counts[state] > 0 || state === query.state)];
    keyed(states, options, (value) => value || "all", (value) => Object.assign(h("option"), { value }), (node, value) =>
      setText(node, value ? `${value} (${count(now.counts[value as JobState])})` : "All states"));
    states.value = query.state ?? "";
  }

  let drawnHead = "";
  function drawHead(): void {
    const seen = { ...page, rows: page.rows.length ? page.rows : blocks.run(view.first, view.first + 1).map(({ row }) => row) };
    columns = choice.chosen(columnsOf(seen, summary?.models.length ?? 1));
    keyed(headRow, columns, (column) => column.key, headCell, (node, column) => {
      const sorted = query.order?.by === column.key ? (query.order.desc ? "descending" : "ascending") : null;
      setAria(node, "sort", sorted);
      node.className = `bnb-col-${column.kind}${column.numeric ? " bnb-number" : ""}`;
    });
    const says = columns.map((column) => column.key).join("\n");
    if (says !== drawnHead) view.thaw();
    drawnHead = says;
  }

  function draw(): void {
    show(view.el, blocks.total > 0);
    show(empty, blocks.total === 0);
    drawHead();
    view.size(blocks.total); // the box is as high as it will be before it is asked what fits
    drawTools();
    const { from, to } = view.span(blocks.total);
    const there = blocks.run(from, to);
    const stale = summary !== null && isOver(summary) && held < summary.rev; // no job of it is under way any more
    const focused = body.contains(document.activeElement) ? (document.activeElement as HTMLElement) : null;
    keyed(body, there, ({ row }) => String(row.row), ({ row }) => makeRow(row), (node, { row, index }) => {
      setAria(node, "rowindex", String(index + 2));
      drawRow(node, row, columns, stale && !ENDED.includes(row.state) && row.state !== "held");
    });
    if (focused && !body.contains(document.activeElement)) (rowNodes()[0] ?? view.el).focus({ preventScroll: true });
    rove();
    setAria(grid, "rowcount", String(blocks.total + 1));
    view.place(there[0]?.index ?? from, there.length, blocks.total);
    const filtered = query.state !== null || query.cause !== null || query.text.trim() !== "";
    // a new summary draws the table too: before the first rows have come, or while they are asked for anew
    setText(empty, filtered ? "No job matches." : summary?.total ? ASKED : "No jobs yet: they appear here as soon as they are planned.");
  }

  function headCell(column: Column): HTMLTableCellElement {
    const cell = h("th", {});
    cell.scope = "col";
    if (column.sortable) {
      const sort = (): void => ask({ order: nextOrder(query.order, column.key) });
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

  /** One row is in the tab order; arrows reach the others, and the cells in it. */
  function rove(): void {
    const nodes = rowNodes();
    const current = nodes.find((node) => node.contains(document.activeElement)) ?? nodes.find((node) => node.tabIndex === 0) ?? nodes[0];
    for (const node of nodes) node.tabIndex = node === current ? 0 : -1;
  }
  const rowNodes = (): HTMLTableRowElement[] => [...body.children] as HTMLTableRowElement[];
  const nodeOf = (row: number): HTMLTableRowElement | undefined => rowNodes().find((node) => node.dataset.row === String(row));

  /** Put the focus on a row by its place in the table, in the same cell, once it is there. */
  async function focusIndex(index: number, cell: number): Promise<void> {
    const to = Math.min(Math.max(index, 0), blocks.total - 1);
    const put = (): boolean => {
      const node = nodeOf(blocks.at(to)?.row ?? -1);
      ((cell >= 0 ? node?.cells[cell] : null) ?? node)?.focus({ preventScroll: true });
      return node !== undefined;
    };
    view.reveal(to, blocks.total);
    draw();
    if (put()) return;
    await fill();
    put();
  }

  async function copyOut(node: HTMLTableRowElement, cell: HTMLElement | null): Promise<void> {
    const cells = [...node.cells].map(copyText);
    const done = await copy(cell ? copyText(cell) : tabbed(cells));
    setText(copied, done ? (cell ? "Cell copied" : "Row copied") : "This browser does not let the page copy");
  }

  const rowOf = (event: Event): HTMLTableRowElement | null => (event.target as Element).closest<HTMLTableRowElement>("tr[data-row]");
  const pathAt = (event: Event): string | undefined => fieldOf((event.target as Element).closest("td"));
  body.addEventListener("click", (event) => {
    const node = rowOf(event);
    if (node && !document.getSelection()?.toString()) onOpen(Number(node.dataset.row), pathAt(event));
  });
  body.addEventListener("focusin", rove);
  onKey(body, (event) => {
    const node = rowOf(event);
    if (!node || event.altKey) return false;
    const cell = (event.target as Element).closest("td");
    const at = cell ? cell.cellIndex : -1;
    if (event.ctrlKey || event.metaKey) {
      if (event.key.toLowerCase() !== "c" || document.getSelection()?.toString()) return false;
      void copyOut(node, event.shiftKey ? null : cell);
    } else if (event.key === "Enter" || event.key === " ") onOpen(Number(node.dataset.row), pathAt(event));
    else if (event.key === "ArrowRight") node.cells[Math.min(at + 1, node.cells.length - 1)]?.focus();
    else if (event.key === "ArrowLeft") (at > 0 ? node.cells[at - 1] : node)?.focus();
    else {
      const here = blocks.indexOf(Number(node.dataset.row));
      const step = Math.max(1, view.rows() - 1);
      const to = { ArrowDown: here + 1, ArrowUp: here - 1, Home: 0, End: blocks.total - 1, PageDown: here + step, PageUp: here - step }[event.key];
      if (to === undefined || here < 0) return false;
      void focusIndex(to, at);
    }
    return true;
  });
  states.addEventListener("change", () => {
    const state = JOB_STATES.find((known) => known === states.value) ?? null;
    ask({ state, cause: null });
    onFilter(state);
  });
  search.addEventListener("input", () => {
    clearTimeout(typing);
    typing = setTimeout(() => ask({ text: search.value }), TYPING);
  });

  const exporting = exportCalls(channel);
  drawTools();
  return {
    el: h("div", { class: "bnb-results" },
      h("div", { class: "bnb-tools" }, h("h3", {}, "Results"), states, cause, search, copied, h("span", { class: "bnb-gap" }), range, h("span", { class: "bnb-set" }, first, previous, next, last), ...more, choice.button, exporting.button),
      choice.panel, exporting.panel, failure, view.el, empty),
    update(now): void {
      exporting.update(now.name);
      const models = summary?.models.length;
      if (summary && summary.runId !== now.runId) asked = { rev: -1, at: -Infinity };
      summary = now;
      drawStates(now);
      const over = isOver(now) && held < now.rev;
      if (over || (models !== undefined && models !== now.models.length)) draw();
      if (!active || now.rev === asked.rev || (later !== undefined && !over)) return;
      clearTimeout(later);
      later = setTimeout(() => void reload(true), over ? 0 : Math.max(0, asked.at + REFRESH - performance.now()));
    },
    filter: (state) => ask({ state, cause: null }),
    get state() {
      return query.state;
    },
    filterCause,
    get cause() {
      return query.cause;
    },
    async neighbour(row, step) {
      const here = blocks.indexOf(row);
      const to = here + step;
      if (here < 0 || to < 0 || to >= blocks.total) return null;
      view.reveal(to, blocks.total);
      const missing = blocks.missing(to, to + 1);
      if (missing && !(await load(missing.start, missing.n))) return null;
      return blocks.at(to)?.row ?? null;
    },
    focusRow(row): void {
      const at = blocks.indexOf(row);
      if (at >= 0) void focusIndex(at, -1);
    },
    active(on, stale = false): void {
      active = on;
      if (on) view.restore();
      if (on && (stale || (summary && summary.rev !== asked.rev))) void reload();
    },
    stop(): void {
      clearTimeout(later);
      clearTimeout(typing);
      clearTimeout(settling);
      view.stop();
    },
  };
}
