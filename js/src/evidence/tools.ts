// The line above a document: which document, which page, how large.
import { button, h, iconButton, setAria, setText, setTitle, show } from "../dom.ts";
import type { Result } from "../pure/snapshot.ts";
import { clip } from "../pure/visible.ts";

export const ZOOMS = [0.5, 0.75, 1, 1.5, 2, 3, 4] as const;

export interface ToolsOptions {
  onDocument(document: number): void;
  onTurn(step: 1 | -1): void;
  onZoom(step: 1 | -1 | 0): void;
  onOverview(): void;
}

export interface ToolsState {
  document: number;
  page: number;
  /** How many pages there are; null while that is not known, or where there are none. */
  pages: number | null;
  paged: boolean;
  zoom: number;
  /** Whether the small pages are shown; null where there are none to show. */
  overview: boolean | null;
}

export interface Tools {
  el: HTMLElement;
  fill(documents: Result["documents"]): void;
  update(state: ToolsState): void;
}

/** The next zoom in a direction; 0 fits the width. */
export function zoomFrom(zoom: number, step: 1 | -1 | 0): number {
  if (!step) return 1;
  const at = ZOOMS.findIndex((known) => known >= zoom);
  return ZOOMS[Math.min(Math.max(at + step, 0), ZOOMS.length - 1)] ?? 1;
}

export function documentTools({ onDocument, onTurn, onZoom, onOverview }: ToolsOptions): Tools {
  const choose = h("select", { class: "bnb-input bnb-document", aria: { label: "Document" } });
  const only = h("span", { class: "bnb-document" });
  const page = h("span", { class: "bnb-range" });
  const previous = iconButton("back", "Previous page ([)", () => onTurn(-1));
  const next = iconButton("next", "Next page (])", () => onTurn(1));
  const pager = h("span", { class: "bnb-set" }, previous, page, next);
  const size = button("", () => onZoom(0), { class: "bnb-icon-button bnb-zoom", title: "Fit the width (0)" });
  const smaller = iconButton("minus", "Smaller (-)", () => onZoom(-1));
  const larger = iconButton("plus", "Larger (+)", () => onZoom(1));
  const overview = button("Pages", onOverview, { class: "bnb-small bnb-overview", title: "Show small pages (t)" });
  const el = h("div", { class: "bnb-tools bnb-page-tools" }, choose, only, h("span", { class: "bnb-gap" }), overview, pager, h("span", { class: "bnb-set" }, smaller, size, larger));
  choose.addEventListener("change", () => onDocument(Number(choose.value)));

  return {
    el,
    fill(documents): void {
      choose.replaceChildren(...documents.map((document, i) => Object.assign(h("option", {}, clip(document.name, 80)), { value: String(i) })));
      setText(only, clip(documents[0]?.name ?? "", 120));
      setTitle(only, documents[0]?.name ?? "");
      show(choose, documents.length > 1);
      show(only, documents.length === 1);
    },
    update(now): void {
      choose.value = String(now.document);
      show(pager, now.paged && (now.pages ?? 2) > 1);
      setText(page, now.pages === null ? `page ${now.page}` : `page ${now.page} of ${now.pages}`);
      previous.disabled = now.page <= 1;
      next.disabled = now.pages !== null && now.page >= now.pages;
      setText(size, now.zoom === 1 ? "Fit" : `${Math.round(100 * now.zoom)} %`);
      smaller.disabled = now.zoom <= ZOOMS[0];
      larger.disabled = now.zoom >= (ZOOMS.at(-1) ?? 4);
      show(overview, now.overview !== null);
      setAria(overview, "pressed", String(now.overview === true));
    },
  };
}
