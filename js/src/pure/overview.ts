// What is known of a document's pages, and what changed between two readings of a result; no DOM.
import { piecesOf, type Place } from "./places.ts";
import type { Result } from "./snapshot.ts";

/** The pages of a document that have evidence. */
export function citedPages(places: readonly Place[], document: number): Set<number> {
  const here = places.filter(({ citation }) => citation.document === document);
  return new Set(here.flatMap(({ citation }) => piecesOf(citation).map((piece) => piece.page)).filter((page) => page !== null));
}

/** What is said of pages in which nothing can be pointed at, up to the page `last`. */
export function notedPages(result: Result | null, document: number, last: number): Map<number, string> {
  const found = new Map<number, string>();
  for (const note of result?.pageNotes ?? []) {
    if (note.document !== document) continue;
    for (let page = note.first; page <= Math.min(note.last, last); page++) found.set(page, note.text);
  }
  return found;
}

/** Whether two readings of a result are alike but for what people said of its fields. */
export function onlyVerdictsDiffer(a: Result, b: Result): boolean {
  const bare = (result: Result): string => JSON.stringify({ ...result, fields: result.fields.map((field) => ({ ...field, review: null })) });
  return bare(a) === bare(b);
}
