// The pages of a long document in small, down the side: only those in sight are drawn, one at a time.
import type { Channel } from "../channel.ts";
import { h, keyed, setAria, setTitle } from "../dom.ts";
import { loadPicture } from "./picture.ts";

/** Pages from which on there is something to look over. */
export const FROM = 3;
const HEIGHT = 104; // pixels of one small page with its number
const SCALE = 0.2; // pixels per point: as wide as it is shown
const KEPT = 80; // pictures
const AHEAD = 2;

export interface ThumbsState {
  row: number;
  document: number;
  page: number;
  pages: number;
  /** Pages with evidence, and what is said of pages that can have none. */
  cited: ReadonlySet<number>;
  notes: ReadonlyMap<number, string>;
}

export interface Thumbs {
  el: HTMLElement;
  show(state: ThumbsState): void;
  /** Draw what is in sight; the page itself goes first. */
  load(): Promise<void>;
  stop(): void;
}

export function thumbsView(channel: Channel, onPage: (page: number) => void): Thumbs {
  const list = h("div", { class: "bnb-thumb-list" });
  const el = h("div", { class: "bnb-thumbs", role: "group", aria: { label: "Pages in small" } }, list);
  const kept = new Map<string, string>();
  const failed = new Set<string>();
  let state: ThumbsState | null = null;
  let loading = false;
  let stopped = false;

  const keyOf = (page: number): string => `${state?.row} ${state?.document} ${page}`;

  function inSight(): number[] {
    if (!state) return [];
    const first = Math.max(1, Math.floor(el.scrollTop / HEIGHT) + 1 - AHEAD);
    const last = Math.min(state.pages, Math.ceil((el.scrollTop + (el.clientHeight || 4 * HEIGHT)) / HEIGHT) + AHEAD);
    return Array.from({ length: Math.max(0, last - first + 1) }, (_, i) => first + i);
  }

  function draw(): void {
    const now = state;
    if (!now) return;
    list.style.height = `${now.pages * HEIGHT}px`;
    keyed<number, HTMLElement>(
      list,
      inSight(),
      (page) => keyOf(page),
      (page) => h("button", { type: "button", class: "bnb-thumb", on: { click: () => onPage(page) } }, Object.assign(h("img", {}), { alt: "" }), h("span", {}, String(page))),
      (node, page) => {
        const note = now.notes.get(page);
        const words = [`Page ${page}`, now.cited.has(page) ? "has evidence" : "", note ?? ""].filter(Boolean).join(", ");
        node.style.top = `${(page - 1) * HEIGHT}px`;
        node.classList.toggle("bnb-cited", now.cited.has(page));
        node.classList.toggle("bnb-noted", note !== undefined);
        setTitle(node, words);
        setAria(node, "label", words);
        setAria(node, "current", page === now.page ? "page" : null);
        const image = node.querySelector("img");
        const url = kept.get(keyOf(page));
        if (image && url && image.src !== url) image.src = url;
        if (image) image.hidden = !url;
      },
    );
  }

  /** Ask for the pictures that are missing in sight, one after the other. */
  async function load(): Promise<void> {
    if (loading) return;
    loading = true;
    for (;;) {
      const now = state;
      const page = inSight().find((each) => !kept.has(keyOf(each)) && !failed.has(keyOf(each)));
      if (!now || page === undefined || stopped) break;
      const key = keyOf(page);
      try {
        const picture = await loadPicture(channel, { row: now.row, document: now.document, page, scale: SCALE }, true);
        if (stopped) URL.revokeObjectURL(picture.url);
        else keep(key, picture.url);
      } catch {
        failed.add(key); // the page itself says why when it is opened
      }
      if (!stopped) draw();
    }
    loading = false;
  }

  function keep(key: string, url: string): void {
    kept.set(key, url);
    const [oldest, old] = [...kept][0] ?? [];
    if (kept.size <= KEPT || oldest === undefined || old === undefined) return;
    kept.delete(oldest);
    URL.revokeObjectURL(old);
  }

  el.addEventListener("scroll", () => {
    draw();
    void load();
  }, { passive: true });

  return {
    el,
    show(next): void {
      const turned = next.page !== state?.page || next.document !== state.document || next.row !== state.row;
      state = next;
      list.style.height = `${next.pages * HEIGHT}px`;
      const top = (next.page - 1) * HEIGHT;
      if (turned && (top < el.scrollTop || top + HEIGHT > el.scrollTop + el.clientHeight)) el.scrollTop = Math.max(0, top - el.clientHeight / 3);
      draw();
    },
    load,
    stop(): void {
      stopped = true;
      state = null;
      for (const url of kept.values()) URL.revokeObjectURL(url);
      kept.clear();
    },
  };
}
