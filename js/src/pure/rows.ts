// The table of jobs: which rows are asked for, and how they read; no DOM.
import { count, dollars } from "./format.ts";
import type { JobState, Row, RowsPage } from "./snapshot.ts";

/** Rows of one page of the table. */
export const PAGE = 50;

export interface Order {
  by: string;
  desc: boolean;
}

/** What the table shows now; part of the request for its rows. */
export interface Query {
  state: JobState | null;
  /** Only jobs that failed with this kind of error. */
  cause: string | null;
  text: string;
  order: Order | null;
}

/** The request for the rows of a query, as it goes over the wire. */
export const rowsRequest = (query: Query, start: number, n: number): Record<string, unknown> => ({
  start,
  n,
  state: query.state,
  cause: query.cause,
  text: query.text.trim() || null,
  order: query.order,
});

/** Clicking a column: first ascending, then descending, then the order of the jobs. */
export function nextOrder(order: Order | null, by: string): Order | null {
  if (order?.by !== by) return { by, desc: false };
  return order.desc ? null : { by, desc: true };
}

/** The first row of another page, kept inside the table. */
export function pageStart(start: number, total: number, move: "first" | "previous" | "next" | "last"): number {
  const last = Math.max(0, Math.floor((total - 1) / PAGE) * PAGE);
  const target = { first: 0, previous: start - PAGE, next: start + PAGE, last }[move];
  return Math.min(Math.max(0, target), last);
}

/** "1–50 of 4,000". */
export const rangeLabel = (first: number, last: number, total: number): string =>
  total ? `${count(Math.min(first + 1, total))}–${count(Math.min(last, total))} of ${count(total)}` : "";

export interface Column {
  /** A field path, or a property of the row. */
  by: string;
  /** The one name of the column among all, for sorting too: a field may be called `state`. */
  key: string;
  label: string;
  kind: "state" | "id" | "review" | "document" | "model" | "field" | "cost";
  numeric: boolean;
  /** Most digits after the decimal point on this page: points stand under each other. */
  decimals: number;
  /** Whether the kernel can put rows in order by it. */
  sortable: boolean;
}

const NUMBER = /^[-+]?[\d.,\s]*\d\s*%?$/;

/** Digits after the decimal point of a plain number or an amount of dollars; null for any other text. */
function decimals(text: string): number | null {
  const found = /^[-+]?<?\$?[\d,]*\d(?:\.(\d+))?$/.exec(text.trim());
  return found ? (found[1]?.length ?? 0) : null;
}

/** What an unseen end must add to a number for its point to stand where those of its column stand. */
export function padding(text: string, column: Column): string {
  const own = column.decimals ? decimals(text) : null;
  if (own === null) return "";
  return (own === 0 ? "." : "") + "0".repeat(Math.max(0, column.decimals - own));
}

/** The columns that this page needs: documents and models only where they tell rows apart. */
export function columnsOf(page: RowsPage, models: number): Column[] {
  const column = (by: string, label: string, kind: Column["kind"], numeric = false): Column => ({
    by, key: kind === "field" ? `field:${by}` : by, label, kind, numeric, decimals: 0, sortable: kind === "state" || kind === "id" || kind === "field",
  });
  const aligned = (made: Column): Column => {
    const found = made.numeric ? page.rows.map((row) => cellText(row, made)).filter(Boolean).map(decimals) : [];
    return { ...made, decimals: found.includes(null) ? 0 : Math.max(0, ...(found as number[])) };
  };
  const documents = page.rows.some((row) => row.documents.some((name) => !row.id.includes(name) && !name.startsWith(row.id)));
  const numeric = (path: string): boolean => {
    const values = page.rows.map((row) => row.fields[path] ?? "").filter(Boolean);
    return values.length > 0 && values.every((value) => NUMBER.test(value));
  };
  return [
    column("state", "State", "state"),
    column("id", "Job", "id"),
    ...(page.reviewed.begun ? [column("review", "Checked", "review")] : []),
    ...(documents ? [column("documents", "Document", "document")] : []),
    ...(models > 1 ? [column("model", "Model", "model")] : []),
    ...page.columns.map((path) => column(path, path, "field", numeric(path))),
    column("cost", "Cost", "cost", true),
  ].map(aligned);
}

/** The text of one cell. */
export function cellText(row: Row, column: Column): string {
  switch (column.kind) {
    case "state":
      return row.state;
    case "id":
      return row.id;
    case "review":
      return row.review ? `${row.review.done} of ${row.review.of}` : "";
    case "document":
      return row.documents.length > 1 ? `${row.documents[0]} +${row.documents.length - 1}` : (row.documents[0] ?? "");
    case "model":
      return row.model;
    case "field":
      return row.fields[column.by] ?? "";
    case "cost":
      return row.cost === null ? "" : dollars(row.cost);
  }
}

/** What stands across the field columns when a row has no fields to show; null when it has. */
export function rowNote(row: Row): string | null {
  if (row.error !== null) return row.errorKind ? `${row.errorKind.replaceAll("_", " ")}: ${row.error}` : row.error;
  return Object.keys(row.fields).length || row.state === "succeeded" ? null : "";
}
