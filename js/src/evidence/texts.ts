// A text document with the cited words marked. It comes in blocks, and only those near what is seen are there.
import type { Channel } from "../channel.ts";
import { h, setAria, setText, show } from "../dom.ts";
import { list, numberOr, text } from "../pure/guards.ts";
import { piecesOf, spansOf, type Place } from "../pure/places.ts";
import { reveal } from "./pages.ts";

const KEPT = 48; // blocks with their text
const LINE = 1.6; // em
const LETTER = 0.55; // em, of a usual font
const AT_ONCE = 6; // blocks asked for in one go

export interface TextView {
  el: HTMLElement;
  show(row: number, document: number, places: readonly Place[], active: number, zoom: number): Promise<void>;
  stop(): void;
}

interface Block {
  node: HTMLElement;
  /** Code points. */
  start: number;
  text: string | null;
}

interface Opened {
  key: string;
  row: number;
  document: number;
  blocks: Block[];
}

export function textView(channel: Channel, onPlace: (place: number) => void): TextView {
  const sheet = h("div", { class: "bnb-text" });
  const note = h("p", { class: "bnb-note", role: "status", hidden: true });
  const el = h("div", { class: "bnb-pane bnb-text-pane", tabIndex: 0, role: "group", aria: { label: "Text of the document" } }, note, sheet);
  let opened: Opened | null = null;
  let filled: number[] = []; // in the order of last use
  let marks: readonly Place[] = [];
  let active = -1;
  let wanted = 0;
  let looking = false;

  /** Open a document at the block that holds a character: its outline, and that block's text. */
  async function open(row: number, document: number, at: number): Promise<Opened> {
    const key = `${row} ${document}`;
    if (opened?.key === key) return opened;
    const { content } = await channel.ask("text", { row, document, at, outline: true });
    const columns = Math.max(20, Math.floor((el.clientWidth || 560) / (13 * LETTER)));
    const starts = list(content.starts).map((n) => numberOr(n, 0));
    const lines = list(content.lines).map((n) => numberOr(n, 1));
    const next: Opened = {
      key, row, document,
      blocks: starts.map((start, i) => {
        const long = (starts[i + 1] ?? numberOr(content.length, start)) - start;
        const node = h("div", { class: "bnb-block" });
        node.style.height = `${(Math.max(lines[i] ?? 1, long / columns) * LINE).toFixed(1)}em`;
        return { node, start, text: null };
      }),
    };
    filled = [];
    opened = next;
    sheet.replaceChildren(...next.blocks.map((block) => block.node));
    fill(next, numberOr(content.block, 0), text(content.text));
    return next;
  }

  /** The block that holds a character. */
  function blockAt(of: Opened, at: number): number {
    let found = 0;
    while (found + 1 < of.blocks.length && (of.blocks[found + 1]?.start ?? Infinity) <= at) found += 1;
    return found;
  }

  function fill(of: Opened, index: number, words: string): void {
    const block = of.blocks[index];
    if (!block) return;
    block.text = words;
    drawBlock(of, block);
    filled = [...filled.filter((each) => each !== index), index];
    while (filled.length > KEPT) empty(of, filled.shift() ?? 0);
  }

  function drawBlock(of: Opened, block: Block): void {
    const spans = spansOf(block.text ?? "", marks, of.document, block.start);
    block.node.style.height = "";
    block.node.replaceChildren(...spans.map((span) => (span.places.length ? markOf(span) : h("span", {}, span.text))));
  }

  /** Give a block's text away; its room stays. */
  function empty(of: Opened, index: number): void {
    const block = of.blocks[index];
    if (!block) return;
    block.node.style.height = `${block.node.offsetHeight}px`;
    block.node.replaceChildren();
    block.text = null;
  }

  async function need(of: Opened, indexes: readonly number[]): Promise<void> {
    for (const index of indexes) {
      const block = of.blocks[index];
      if (!block || block.text !== null || opened !== of) continue;
      const { content } = await channel.ask("text", { row: of.row, document: of.document, at: block.start });
      if (opened === of) fill(of, index, text(content.text));
    }
  }

  function inSight(of: Opened): number[] {
    const top = el.scrollTop - el.clientHeight;
    const bottom = el.scrollTop + 2 * el.clientHeight;
    const found: number[] = [];
    let low = 0;
    for (let high = of.blocks.length; low < high; ) {
      const middle = (low + high) >> 1;
      const node = of.blocks[middle]?.node;
      if (node && node.offsetTop + node.offsetHeight < top) low = middle + 1;
      else high = middle;
    }
    for (let i = low; i < of.blocks.length && found.length < AT_ONCE; i++) {
      const node = of.blocks[i]?.node;
      if (!node || node.offsetTop > bottom) break;
      found.push(i);
    }
    return found;
  }

  /** Get what has come into sight. */
  async function look(): Promise<void> {
    if (looking || !opened) return;
    looking = true;
    try {
      for (let rounds = 0; rounds < 4 && opened; rounds++) {
        const of: Opened = opened;
        const missing = inSight(of).filter((i) => of.blocks[i]?.text === null);
        if (!missing.length) break;
        await need(of, missing);
      }
    } catch {
      // asked again at the next scrolling
    } finally {
      looking = false;
    }
  }

  async function draw(row: number, document: number, places: readonly Place[], place: number, zoom: number): Promise<void> {
    const mine = ++wanted;
    const piece = places[place]?.citation.document === document ? piecesOf(places[place].citation)[0] : undefined;
    sheet.style.fontSize = `${zoom}em`;
    const other = marks !== places;
    marks = places;
    active = place;
    try {
      const of = await open(row, document, piece?.start ?? 0);
      if (mine !== wanted) return;
      show(note, false);
      if (other) for (const block of of.blocks) if (block.text !== null) drawBlock(of, block);
      drawActive(); // what was active before is so no longer, also while blocks are awaited
      const at = piece?.start ?? null;
      const index = at === null ? -1 : blockAt(of, at);
      if (index >= 0) {
        await need(of, [index, index - 1, index + 1]);
        if (mine !== wanted) return;
      }
      const first = drawActive();
      reveal(el, first ?? (index >= 0 ? (of.blocks[index]?.node ?? null) : null));
      void look();
    } catch (error) {
      if (mine !== wanted) return;
      opened = null;
      sheet.replaceChildren();
      setText(note, error instanceof Error ? error.message : String(error));
      show(note, true);
    }
  }

  function drawActive(): HTMLElement | null {
    let first: HTMLElement | null = null;
    for (const node of sheet.querySelectorAll("mark")) {
      const on = (node.dataset.places ?? "").split(" ").includes(String(active));
      node.classList.toggle("bnb-active", on);
      setAria(node, "current", on ? "true" : null);
      if (on) first ??= node;
    }
    return first;
  }

  function markOf(span: { text: string; places: number[] }): HTMLElement {
    const on = span.places.includes(active);
    const node = h("mark", { class: `bnb-mark-text${on ? " bnb-active" : ""}`, on: { click: () => onPlace(span.places[0] ?? 0) } }, span.text);
    node.dataset.places = span.places.join(" ");
    return node;
  }

  el.addEventListener("scroll", () => void look(), { passive: true });

  return {
    el,
    show: draw,
    stop(): void {
      wanted += 1;
      opened = null;
    },
  };
}
