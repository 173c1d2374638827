// From the fields of a result to places in its documents; no DOM.
import type { Citation, Field, Piece, Rect, Result } from "./snapshot.ts";

/** One citation of one field. */
export interface Place {
  field: number;
  /** Index among the citations of its field. */
  index: number;
  citation: Citation;
}

/** All citations of a result, in the order of its fields. */
export const placesOf = (result: Result): Place[] =>
  result.fields.flatMap((field, i) => field.citations.map((citation, index) => ({ field: i, index, citation })));

/** The field that a column of the table stands for: that of its path, else the first part of it that has evidence; -1 if none. */
export function fieldAt({ fields }: Result, path: string): number {
  const at = fields.findIndex((field) => field.path === path);
  if (at >= 0) return at;
  const inside = (field: Field): boolean => field.path.startsWith(path) && ".[".includes(field.path.charAt(path.length) || "-");
  const cited = fields.findIndex((field) => inside(field) && field.citations.length > 0);
  return cited >= 0 ? cited : fields.findIndex(inside);
}

/** The pieces of a citation; the citation itself when it is in one piece. */
export const piecesOf = (citation: Citation): Piece[] => (citation.pieces.length ? citation.pieces : [citation]);

export interface Box {
  place: number;
  active: boolean;
  /** Percent of the page. */
  left: number;
  top: number;
  width: number;
  height: number;
}

/** The boxes on one page, those of the active place last, so that they lie on top. */
export function boxesOn(
  places: readonly Place[], active: number, document: number, page: number, width: number, height: number,
): Box[] {
  if (!(width > 0 && height > 0)) return [];
  const boxes = places.flatMap(({ citation }, place) =>
    citation.document !== document
      ? []
      : piecesOf(citation)
          .filter((piece) => (piece.page ?? 1) === page)
          .flatMap((piece) => piece.rects.map((rect) => box(rect, place, place === active, width, height))),
  );
  return boxes.sort((a, b) => Number(a.active) - Number(b.active));
}

function box(rect: Rect, place: number, active: boolean, width: number, height: number): Box {
  const inside = (n: number, most: number): number => Math.min(Math.max(n, 0), most);
  const pad = 1; // point: letters should not touch the edge of their box
  const x0 = inside(Math.min(rect[0], rect[2]) - pad, width);
  const x1 = inside(Math.max(rect[0], rect[2]) + pad, width);
  const y0 = inside(Math.min(rect[1], rect[3]) - pad, height);
  const y1 = inside(Math.max(rect[1], rect[3]) + pad, height);
  const share = (n: number, of: number): number => Math.round((1e6 * n) / of) / 1e4;
  return {
    place, active, left: share(x0, width), top: share(y0, height), width: share(x1 - x0, width), height: share(y1 - y0, height),
  };
}

export interface Span {
  text: string;
  /** Places that this stretch of text belongs to. */
  places: number[];
}

/** Cut a stretch of a text document at the ends of its citations; offsets count code points, as in Python. */
export function spansOf(text: string, places: readonly Place[], document: number, from = 0): Span[] {
  const marks = places.flatMap(({ citation }, place) =>
    citation.document !== document
      ? []
      : piecesOf(citation)
          .filter((piece) => piece.start !== null && piece.end !== null && piece.end > piece.start)
          .map((piece) => ({ place, start: Math.max(0, (piece.start ?? 0) - from), end: (piece.end ?? 0) - from }))
          .filter((mark) => mark.end > 0 && mark.start < text.length),
  );
  const units = unitOffsets(text, marks.flatMap((mark) => [mark.start, mark.end]));
  const at = (n: number): number => units.get(n) ?? text.length;
  const cuts = [...new Set([0, text.length, ...units.values()])].sort((a, b) => a - b);
  return cuts.slice(0, -1).map((start, i) => {
    const end = cuts[i + 1] ?? text.length;
    const over = marks.filter((mark) => at(mark.start) <= start && at(mark.end) >= end).map((mark) => mark.place);
    return { text: text.slice(start, end), places: [...new Set(over)] };
  });
}

/** UTF-16 offsets of the given code point offsets, in one walk over the text. */
function unitOffsets(text: string, points: readonly number[]): Map<number, number> {
  const wanted = [...new Set(points)].filter((n) => n >= 0).sort((a, b) => a - b);
  const found = new Map<number, number>();
  let unit = 0;
  let point = 0;
  for (const want of wanted) {
    while (point < want && unit < text.length) {
      unit += (text.codePointAt(unit) ?? 0) > 0xffff ? 2 : 1;
      point += 1;
    }
    found.set(want, unit);
  }
  return found;
}

export interface FieldGroup {
  /** `lines[0]`, or empty for fields at the top. */
  heading: string;
  fields: { index: number; label: string; field: Field }[];
}

/** Neighbouring fields of the same list item or nested object, under one heading. */
export function fieldGroups(fields: readonly Field[]): FieldGroup[] {
  const groups: FieldGroup[] = [];
  fields.forEach((field, index) => {
    const split = Math.max(field.path.lastIndexOf("."), -1);
    const heading = split > 0 ? field.path.slice(0, split) : "";
    const label = split > 0 ? field.path.slice(split + 1) : field.path;
    const last = groups.at(-1);
    if (last?.heading === heading) last.fields.push({ index, label, field });
    else groups.push({ heading, fields: [{ index, label, field }] });
  });
  return groups;
}

/** Where a citation stands, in a few words: "p. 2"; documents after the first by name. */
export function whereOf(citation: Citation, documents: Result["documents"]): string {
  const pages = [...new Set(piecesOf(citation).map((piece) => piece.page))].filter((page) => page !== null);
  const name = citation.document > 0 ? `${documents[citation.document]?.name ?? `document ${citation.document + 1}`}, ` : "";
  if (pages.length) return `${name}p. ${pages.join(", ")}`;
  return name + (documents[citation.document]?.kind === "image" ? "image" : "text");
}

/** A render scale (pixels per point) that is sharp at the given width, in few steps so that pages are kept. */
export function scaleFor(cssWidth: number, pixelRatio: number, pageWidth: number): number {
  const wanted = pageWidth > 0 ? (cssWidth * pixelRatio) / pageWidth : 1.5;
  return [1, 1.5, 2, 3].find((step) => step >= wanted * 0.95) ?? 4;
}
