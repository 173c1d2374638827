// One row of the table, as nodes.
import { append, h, icon, setAria, setTitle } from "../dom.ts";
import { cellText, padding, rowNote, type Column } from "../pure/rows.ts";
import type { Row } from "../pure/snapshot.ts";
import { clip } from "../pure/visible.ts";

const ASKING = "the kernel is asked how this job ended";
const DOUBTS: Record<string, string> = { none: "no evidence in the document", low: "low confidence", medium: "medium confidence" };

/**
 * Fill a row's node; one that says the same as before is left alone, so that a selection in it survives.
 *
 * `stale`: its state is known to be over, and is being asked for.
 */
export function drawRow(node: HTMLTableRowElement, row: Row, columns: readonly Column[], stale = false): void {
  const note = rowNote(row);
  const says = JSON.stringify([row, stale, columns.map((column) => [column.key, column.numeric, column.decimals])]);
  if (drawn.get(node) === says) return;
  drawn.set(node, says);
  node.className = stale ? "bnb-row" : `bnb-row bnb-is-${row.state}`;
  setAria(node, "label", `${row.id}, ${stale ? ASKING : row.state}${row.review ? `, ${row.review.done} of ${row.review.of} fields checked` : ""}`);
  const fields = columns.filter((column) => column.kind === "field").length;
  const cells: HTMLElement[] = [];
  let spanned = false;
  for (const column of columns) {
    if (column.kind === "field" && note !== null) {
      if (!spanned) cells.push(noteCell(note, fields));
      spanned = true;
      continue;
    }
    cells.push(cellNode(row, column, stale));
    // without field columns (nothing has been extracted yet) an error stands beside the id
    if (column.kind === "id" && note && !fields) append(cells.at(-1) as HTMLElement, h("span", { class: "bnb-message" }, ` ${clip(note, 160)}`));
  }
  for (const cell of cells) cell.tabIndex = -1;
  node.replaceChildren(...cells);
}
const drawn = new WeakMap<Element, string>();

/** What a cell holds, to be copied as it is: what is shown is shortened and made visible. */
export const copyText = (cell: Element): string => copied.get(cell) ?? "";
const copied = new WeakMap<Element, string>();

/** The field whose value a cell holds. */
export const fieldOf = (cell: Element | null): string | undefined => (cell ? fieldPaths.get(cell) : undefined);
const fieldPaths = new WeakMap<Element, string>();

function cellNode(row: Row, column: Column, stale: boolean): HTMLElement {
  const full = cellText(row, column);
  const cell = h("td", { class: `bnb-col-${column.kind}${column.numeric ? " bnb-number" : ""}` });
  copied.set(cell, full);
  if (column.kind === "field") fieldPaths.set(cell, column.by);
  if (column.kind === "state" && stale) append(cell, h("span", { title: ASKING }, "…"));
  else if (column.kind === "state") append(cell, icon(row.state), h("span", {}, row.state));
  else if (column.kind === "review") append(cell, ...reviewMark(row));
  else append(cell, h("bdi", {}, clip(full.replace(/\s+/g, " "), 160)));
  const pad = padding(full, column);
  if (pad) cell.dataset.pad = pad;
  if (full.length > 24) setTitle(cell, clip(full, 600));
  const doubt = column.kind === "field" && full ? DOUBTS[row.sure[column.by] ?? ""] : undefined;
  if (doubt) {
    const mark = h("span", { class: `bnb-doubt bnb-doubt-${row.sure[column.by]}`, title: doubt, role: "img", aria: { label: doubt } });
    cell.insertBefore(mark, column.numeric ? cell.firstChild : null); // numbers keep their right edge
  }
  return cell;
}

/** How far a person has checked the result: a tick when all is right, a pencil when something was not. */
function reviewMark({ review }: Row): (Node | string)[] {
  if (!review) return [];
  const done = review.done >= review.of;
  return [icon(review.wrong ? "pencil" : done ? "succeeded" : "pending"), h("span", {}, done ? (review.wrong ? `${review.wrong} wrong` : "all") : `${review.done} of ${review.of}`)];
}

function noteCell(note: string, columns: number): HTMLTableCellElement {
  const cell = h("td", { class: "bnb-message", title: clip(note, 600) }, h("bdi", {}, clip(note, 200)));
  cell.colSpan = columns;
  copied.set(cell, note);
  return cell;
}
