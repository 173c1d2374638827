// One page of a document as an image from the kernel, with the cited places as boxes over it.
import type { Channel } from "../channel.ts";
import { h, keyed, setAria, setText, setTitle, show } from "../dom.ts";
import { boxesOn, scaleFor, type Box, type Place } from "../pure/places.ts";
import { loadPicture, type Picture } from "./picture.ts";

const KEPT = 16; // rendered pages

export interface PageTarget {
  row: number;
  document: number;
  page: number;
}

export interface PageView {
  el: HTMLElement;
  /** Show a page; tells how many there are once it is known. */
  show(target: PageTarget, places: readonly Place[], active: number, zoom: number): Promise<number | null>;
  stop(): void;
}

export function pageView(channel: Channel, onPlace: (place: number) => void): PageView {
  const image = h("img", { class: "bnb-page-image" });
  image.draggable = false;
  const marks = h("div", { class: "bnb-marks" });
  const sheet = h("div", { class: "bnb-sheet", hidden: true }, image, marks);
  const note = h("p", { class: "bnb-empty", role: "status" });
  const el = h("div", { class: "bnb-pane", tabIndex: 0, role: "group", aria: { label: "Page" } }, sheet, note);
  const kept = new Map<string, Picture>();
  let wanted = 0;

  async function load(target: PageTarget, scale: number): Promise<Picture> {
    const key = [target.row, target.document, target.page, scale].join(" ");
    const known = kept.get(key);
    if (known) {
      kept.delete(key); // and again at the end: the least recently used goes first
      kept.set(key, known);
      return known;
    }
    const page = await loadPicture(channel, { ...target, scale });
    kept.set(key, page);
    for (const [old, { url }] of kept) {
      if (kept.size <= KEPT) break;
      kept.delete(old);
      URL.revokeObjectURL(url);
    }
    return page;
  }

  function drawBoxes(boxes: readonly Box[], places: readonly Place[]): void {
    keyed<Box, HTMLElement>(
      marks,
      boxes,
      (box, i) => `${box.place} ${box.active} ${i}`,
      (box) => h("button", { type: "button", tabIndex: -1, on: { click: () => onPlace(box.place) } }),
      (node, box) => {
        const low = places[box.place]?.citation.confidence === "low";
        node.className = `bnb-mark${box.active ? " bnb-active" : ""}${low ? " bnb-low" : ""}`;
        setTitle(node, places[box.place]?.citation.text.slice(0, 200) ?? "");
        setAria(node, "label", `${box.active ? "Selected evidence" : "Evidence"}: ${places[box.place]?.citation.text.slice(0, 80) ?? ""}`);
        node.style.left = `${box.left}%`;
        node.style.top = `${box.top}%`;
        node.style.width = `${box.width}%`;
        node.style.height = `${box.height}%`;
      },
    );
    reveal(el, marks.querySelector<HTMLElement>(".bnb-active"));
  }

  async function draw(target: PageTarget, places: readonly Place[], active: number, zoom: number): Promise<number | null> {
    const mine = ++wanted;
    sheet.style.width = `calc(min(100%, 720px) * ${zoom})`; // at 1 a page fits the pane, and is never larger than on paper
    const wait = setTimeout(() => {
      if (mine !== wanted) return;
      setText(note, "Rendering the page…");
      show(note, true);
    }, 300);
    try {
      let page = await load(target, 1.5);
      const put = (): void => {
        if (image.src !== page.url) image.src = page.url;
        image.alt = `Page ${target.page} of ${page.pages}`;
        if (page.width > 0 && page.height > 0) sheet.style.aspectRatio = `${page.width} / ${page.height}`;
        show(sheet, true);
        show(note, false);
        drawBoxes(boxesOn(places, active, target.document, target.page, page.width, page.height), places);
      };
      if (mine !== wanted) return null;
      put();
      const sharp = scaleFor(sheet.clientWidth, globalThis.devicePixelRatio || 1, page.width);
      if (sharp > 1.5) {
        page = await load(target, sharp);
        if (mine !== wanted) return null;
        if (image.src !== page.url) image.src = page.url;
      }
      return page.pages;
    } catch (error) {
      if (mine !== wanted) return null;
      show(sheet, false);
      setText(note, error instanceof Error ? error.message : String(error));
      show(note, true);
      return null;
    } finally {
      clearTimeout(wait);
    }
  }

  return {
    el,
    show: draw,
    stop(): void {
      wanted += 1;
      for (const { url } of kept.values()) URL.revokeObjectURL(url);
      kept.clear();
    },
  };
}

/** Scroll a pane, and only it, so that a node in it is in sight, a third from the top. */
export function reveal(pane: HTMLElement, node: HTMLElement | null): void {
  if (!node) return;
  const outer = pane.getBoundingClientRect();
  const inner = node.getBoundingClientRect();
  const above = inner.top < outer.top + 8 || inner.bottom > outer.bottom - 8;
  const aside = inner.left < outer.left + 8 || inner.right > outer.right - 8;
  if (above) pane.scrollTop += inner.top - outer.top - outer.height / 3;
  if (aside) pane.scrollLeft += inner.left - outer.left - outer.width / 3;
}
