// The evidence view: fields on one side, the document with the cited places on the other.
import type { Channel } from "../channel.ts";
import { append, h, iconButton, setText, show } from "../dom.ts";
import { plural } from "../pure/format.ts";
import { citedPages, notedPages, onlyVerdictsDiffer } from "../pure/overview.ts";
import { fieldAt, piecesOf, placesOf, type Place } from "../pure/places.ts";
import { ENDED } from "../pure/segments.ts";
import { readField, type Result, type Verdict } from "../pure/snapshot.ts";
import { clip } from "../pure/visible.ts";
import { onKey } from "../view.ts";
import { fieldList } from "./fields.ts";
import { keyHelp } from "./keys.ts";
import { resultHead } from "./head.ts";
import { pageView } from "./pages.ts";
import { reviewBar } from "./review.ts";
import { textView } from "./texts.ts";
import { FROM, thumbsView } from "./thumbs.ts";
import { documentTools, zoomFrom } from "./tools.ts";

export interface EvidenceOptions {
  /** Back to the table; without it there is nowhere to go back to. */
  onClose?: () => void;
  onStep?: (step: 1 | -1) => void;
  /** A verdict was kept. */
  onReview?: () => void;
}

export interface Evidence {
  el: HTMLElement;
  /** `path`: the field to begin with; the first one that has evidence if left out. */
  open(result: Result, path?: string): void;
  /** Say something in place of a result: that it is awaited, or could not be had. */
  say(text: string): void;
  focus(): void;
  /** Whether the job shown may still change. */
  readonly unsettled: boolean;
  stop(): void;
}

export function evidence(channel: Channel, { onClose, onStep, onReview }: EvidenceOptions = {}): Evidence {
  let result: Result | null = null;
  let places: Place[] = [];
  let place = -1;
  let field = -1;
  let zoom = 1;
  let raw = false;
  let overview = true; // small pages beside the page, where there are several
  const target = { document: 0, page: 1 };
  const pageCounts = new Map<number, number>();

  const head = resultHead({ onClose, onStep, onRaw: toggleRaw });
  const tools = documentTools({ onDocument: toDocument, onTurn: turn, onZoom: zoomBy, onOverview: toggleOverview });
  const which = h("span", { class: "bnb-range" });
  const previousPlace = iconButton("back", "Previous citation (p)", () => step(-1));
  const nextPlace = iconButton("next", "Next citation (n)", () => step(1));
  const citations = h("span", { class: "bnb-set" }, previousPlace, which, nextPlace);
  const review = reviewBar(judge);
  const checked = h("span", { class: "bnb-checked", role: "status" });
  const fields = fieldList(selectField, selectPlace, review);
  const pages = pageView(channel, selectPlace);
  const thumbs = thumbsView(channel, toPage);
  const paper = h("div", { class: "bnb-paper" }, thumbs.el, pages.el);
  const texts = textView(channel, selectPlace);
  const unmarked = h("p", { class: "bnb-unmarked", role: "status", hidden: true });
  const pageNote = h("p", { class: "bnb-unmarked bnb-page-note", role: "status", hidden: true });
  const rawText = h("pre", { class: "bnb-pane bnb-raw", tabIndex: 0, aria: { label: "The model's raw answer" } });
  const nothing = h("p", { class: "bnb-pane bnb-empty" });
  const side = h("div", { class: "bnb-side" }, tools.el, unmarked, pageNote, paper, texts.el, rawText, nothing);
  const message = h("p", { class: "bnb-empty", role: "status", hidden: true });
  const keys = keyHelp(onClose !== undefined);
  const split = h("div", { class: "bnb-split" }, h("div", { class: "bnb-left" }, h("div", { class: "bnb-tools bnb-page-tools" }, h("span", { class: "bnb-range" }, "Fields"), checked, h("span", { class: "bnb-gap" }), citations), fields.el, head.facts, keys), side);
  const el = h("div", { class: "bnb-view", tabIndex: -1, role: "group", aria: { label: "Result and evidence" } }, head.el, head.error, message, split);

  function open(next: Result, path?: string): void {
    const same = result?.row === next.row && result.id === next.id;
    if (same && result && path === undefined && onlyVerdictsDiffer(result, next)) return take(next);
    result = next;
    places = placesOf(next);
    if (!same) {
      pageCounts.clear();
      Object.assign(target, { document: 0, page: 1 });
      zoom = 1;
      raw = !next.documents.length;
      field = next.fields.length ? 0 : -1;
      place = places.findIndex((item) => item.field === field);
      if (place < 0 && places.length) [place, field] = [0, places[0]?.field ?? field];
    }
    const wanted = path === undefined ? -1 : fieldAt(next, path);
    if (wanted >= 0) {
      field = wanted;
      place = places.findIndex((item) => item.field === wanted);
      raw = !next.documents.length;
    }
    if (!same || wanted >= 0) goTo(place);
    place = Math.min(place, places.length - 1);
    setText(message, "");
    show(message, false);
    show(split, true);
    head.update(next);
    tools.fill(next.documents);
    fields.fill(next, places);
    drawChecked();
    draw();
  }

  /** Take over verdicts that were given elsewhere; what is being typed here is left alone. */
  function take(next: Result): void {
    const before = result?.fields ?? [];
    result = next;
    head.update(next);
    next.fields.forEach((item, i) => {
      if (JSON.stringify(item.review) !== JSON.stringify(before[i]?.review ?? null)) fields.mark(i, item);
    });
    fields.select(field, place);
    drawChecked();
  }

  /** Turn to the document and page of a place. */
  function goTo(index: number): void {
    const citation = places[index]?.citation;
    if (!citation) return;
    target.document = citation.document;
    target.page = piecesOf(citation)[0]?.page ?? citation.page ?? 1;
  }

  function selectPlace(index: number): void {
    place = index;
    field = places[index]?.field ?? field;
    raw = false;
    goTo(index);
    draw();
  }

  function selectField(index: number): void {
    const first = places.findIndex((item) => item.field === index);
    if (first >= 0) return selectPlace(first);
    field = index;
    place = -1;
    draw();
  }

  function step(by: 1 | -1): void {
    if (!places.length) return;
    if (place < 0) {
      // from a field without evidence, on to the nearest that has some
      const after = places.findIndex((item) => item.field > field);
      const next = by > 0 ? after : (after < 0 ? places.length : after) - 1;
      selectPlace(next < 0 ? (by > 0 ? 0 : places.length - 1) : next);
    } else selectPlace((place + by + places.length) % places.length);
  }

  function turn(by: 1 | -1): void {
    const most = pagesOf(target.document);
    const to = target.page + by;
    if (to < 1 || (most !== null && to > most)) return;
    toPage(to);
  }

  const pagesOf = (index: number): number | null => pageCounts.get(index) ?? result?.documents[index]?.pages ?? null;
  function zoomBy(by: 1 | -1 | 0): void {
    zoom = zoomFrom(zoom, by);
    draw();
  }

  function toPage(to: number): void {
    target.page = to;
    draw();
  }

  function toDocument(to: number): void {
    Object.assign(target, { document: to, page: 1 });
    place = -1;
    draw();
  }

  function toggleOverview(): void {
    overview = !overview;
    draw();
  }

  function toggleRaw(): void {
    raw = !raw || !result?.documents.length;
    draw();
  }

  /** Keep a verdict, and show what the kernel keeps. */
  async function judge(index: number, verdict: Verdict | null, value: string | null): Promise<void> {
    const of = result;
    const path = of?.fields[index]?.path;
    if (!of || path === undefined) return;
    try {
      const { content } = await channel.ask("review", { row: of.row, path, verdict, value });
      const kept = readField(content.field);
      onReview?.();
      // the same result may have been read anew meanwhile
      if (!result || result.row !== of.row || result.fields[index]?.path !== path) return;
      result.fields[index] = kept;
      fields.mark(index, kept);
      fields.select(field, place);
      drawChecked();
    } catch (error) {
      if (result?.row === of.row) {
        if (field !== index) selectField(index);
        review.say(error instanceof Error ? error.message : String(error));
      }
      throw error;
    }
  }

  function drawChecked(): void {
    const all = result?.fields.length ?? 0;
    const done = result?.fields.filter((item) => item.review).length ?? 0;
    setText(checked, done === 0 ? "" : done === all ? `all ${all} checked` : `${done} of ${all} checked`);
    checked.classList.toggle("bnb-all", done > 0 && done === all);
  }

  /** By keyboard: say it, and go on to the next field. */
  function sayAndGo(verdict: Verdict): void {
    if (field < 0) return;
    review.act(verdict);
    if (field < last()) selectField(field + 1);
  }

  /** Draw all that depends on where one is. */
  function draw(): void {
    if (!result) return;
    const kind = result.documents[target.document]?.kind;
    const paged = kind === "pdf" || kind === "image";
    fields.select(field, place);
    show(citations, places.length > 0);
    head.offer(!result.documents.length ? null : raw ? "Document" : "Raw answer");
    show(tools.el, !raw && kind !== undefined);
    show(paper, !raw && paged);
    show(texts.el, !raw && kind !== undefined && !paged);
    show(rawText, raw && result.raw !== "");
    show(nothing, raw ? result.raw === "" : kind === undefined);
    setText(nothing, raw ? "There is no answer." : "No document is attached.");
    if (raw) {
      setText(rawText, result.raw);
      show(unmarked, false);
      show(pageNote, false);
      return;
    }
    drawTools(paged);
    if (paged) void drawPage();
    else if (kind !== undefined) void texts.show(result.row, target.document, places, place, zoom);
  }

  async function drawPage(): Promise<void> {
    if (!result) return;
    const { document } = target;
    const pagesNow = await pages.show({ row: result.row, ...target }, places, place, zoom);
    if (pagesNow === null || target.document !== document) return;
    pageCounts.set(document, pagesNow);
    drawTools(true);
    if (!thumbs.el.hidden) void thumbs.load();
  }

  function drawTools(paged: boolean): void {
    const most = paged ? pagesOf(target.document) : null;
    const long = most !== null && most >= FROM;
    tools.update({ ...target, pages: most, paged, zoom, overview: long ? overview : null });
    setText(which, place < 0 ? plural(places.length, "citation") : `citation ${place + 1} of ${places.length}`);
    show(thumbs.el, long && overview);
    if (long && overview) thumbs.show({ row: result?.row ?? 0, ...target, pages: most, cited: citedPages(places, target.document), notes: notedPages(result, target.document, most) });
    drawPageNote(paged);
    drawUnmarked(paged);
  }

  /** Where nothing on a page can be pointed at, that stands above it. */
  function drawPageNote(paged: boolean): void {
    const note = notedPages(result, target.document, target.page).get(target.page);
    show(pageNote, paged && note !== undefined);
    setText(pageNote, note ?? "");
  }

  /** Where a citation has no place to mark, its words stand above the page instead. */
  function drawUnmarked(paged: boolean): void {
    const citation = places[place]?.citation;
    const marked = !citation || citation.document !== target.document ||
      (paged ? piecesOf(citation).some((piece) => piece.rects.length) : citation.start !== null);
    show(unmarked, !marked);
    if (marked) return;
    unmarked.replaceChildren();
    append(unmarked, "This place could not be marked. The words are: ", h("q", {}, h("bdi", {}, clip(citation.text, 400))));
  }

  onKey(el, (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || (event.target as Element).closest("input, select, textarea")) return false;
    const act = KEYS[event.key];
    act?.();
    return act !== undefined;
  });
  const last = (): number => (result?.fields.length ?? 0) - 1;
  const KEYS: Record<string, (() => void) | undefined> = {
    n: () => step(1),
    p: () => step(-1),
    j: () => selectField(Math.min(field + 1, last())),
    k: () => selectField(Math.max(field - 1, 0)),
    "+": () => zoomBy(1),
    "=": () => zoomBy(1),
    "-": () => zoomBy(-1),
    "0": () => zoomBy(0),
    t: toggleOverview,
    "]": () => turn(1),
    "[": () => turn(-1),
    r: toggleRaw,
    c: () => sayAndGo("confirmed"),
    x: () => sayAndGo("rejected"),
    e: () => review.correct(),
    u: () => review.act(null),
    Escape: onClose,
  };

  return {
    el,
    open,
    say(text): void {
      result = null;
      setText(message, text);
      show(message, true);
      show(split, false);
      show(head.error, false);
    },
    focus: () => el.focus({ preventScroll: true }),
    get unsettled() {
      return result !== null && !ENDED.includes(result.state);
    },
    stop(): void {
      pages.stop();
      thumbs.stop();
      texts.stop();
    },
  };
}
