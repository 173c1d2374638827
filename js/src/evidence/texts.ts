// A text document with the cited words marked.
import type { Channel } from "../channel.ts";
import { h, setAria, setText, show } from "../dom.ts";
import { text } from "../pure/guards.ts";
import { spansOf, type Place } from "../pure/places.ts";
import { reveal } from "./pages.ts";

export interface TextView {
  el: HTMLElement;
  show(row: number, document: number, places: readonly Place[], active: number, zoom: number): Promise<void>;
  stop(): void;
}

export function textView(channel: Channel, onPlace: (place: number) => void): TextView {
  const sheet = h("div", { class: "bnb-text" });
  const note = h("p", { class: "bnb-note" });
  const el = h("div", { class: "bnb-pane bnb-text-pane", tabIndex: 0, role: "group", aria: { label: "Text of the document" } }, note, sheet);
  const kept = new Map<string, { text: string; cut: boolean }>();
  let wanted = 0;
  let drawn = "";

  async function load(row: number, document: number): Promise<{ text: string; cut: boolean }> {
    const key = `${row} ${document}`;
    const known = kept.get(key);
    if (known) return known;
    const { content } = await channel.ask("text", { row, document });
    const loaded = { text: text(content.text), cut: content.cut === true };
    if (kept.size >= 4) kept.delete([...kept.keys()][0] ?? "");
    kept.set(key, loaded);
    return loaded;
  }

  async function draw(row: number, document: number, places: readonly Place[], active: number, zoom: number): Promise<void> {
    const mine = ++wanted;
    sheet.style.fontSize = `${zoom}em`;
    try {
      const loaded = await load(row, document);
      if (mine !== wanted) return;
      setText(note, loaded.cut ? "Only the beginning of this long document is shown." : "");
      show(note, loaded.cut);
      const says = `${row} ${document} ${places.length}`;
      if (drawn !== says || !sheet.childNodes.length) {
        drawn = says;
        sheet.replaceChildren(...spansOf(loaded.text, places, document).map((span) => (span.places.length ? markOf(span) : h("span", {}, span.text))));
      }
      let first: HTMLElement | null = null;
      for (const node of sheet.querySelectorAll("mark")) {
        const on = (node.dataset.places ?? "").split(" ").includes(String(active));
        node.classList.toggle("bnb-active", on);
        setAria(node, "current", on ? "true" : null);
        if (on) first ??= node;
      }
      reveal(el, first);
    } catch (error) {
      if (mine !== wanted) return;
      sheet.replaceChildren();
      setText(note, error instanceof Error ? error.message : String(error));
      show(note, true);
    }
  }

  function markOf(span: { text: string; places: number[] }): HTMLElement {
    const node = h("mark", { class: "bnb-mark-text", on: { click: () => onPlace(span.places[0] ?? 0) } }, span.text);
    node.dataset.places = span.places.join(" ");
    return node;
  }

  return {
    el,
    show: draw,
    stop(): void {
      wanted += 1;
      kept.clear();
    },
  };
}
