// A window on a table that may be very long: only the rows near it are in the page.
import { h } from "../dom.ts";
import { PAGE } from "../pure/rows.ts";

const ROW = 27; // pixels, until a row has been measured
const AROUND = 10; // rows above and below the window, so that a small move shows no gap
const TALLEST = 8_000_000; // pixels: browsers cut taller boxes; beyond, the scroll bar stands for more than a pixel each

export interface Viewport {
  el: HTMLElement;
  /** Index of the first row in sight. */
  readonly first: number;
  /** One past the last row in sight. */
  last(total: number): number;
  /** Rows that fit. */
  rows(): number;
  /** The rows that should be in the page; without a layout a whole page of them. */
  span(total: number): { from: number; to: number };
  /** Put a row at the top. */
  jump(index: number, total: number): { start: number };
  /** Move as little as needed for a row to be in sight. */
  reveal(index: number, total: number): void;
  /** Be as high as so many rows. */
  size(total: number): void;
  /** Stand the table where its first row belongs. */
  place(from: number, rows: number, total: number): void;
  /** Columns have changed: their widths are found anew. */
  thaw(): void;
  /** Scroll back to where it was; a hidden box forgets. */
  restore(): void;
  stop(): void;
}

export function viewport(grid: HTMLTableElement, onScroll: () => void): Viewport {
  const canvas = h("div", { class: "bnb-canvas" }, grid);
  const el = h("div", { class: "bnb-scroll", tabIndex: -1 }, canvas);
  let row = ROW;
  let top = 0; // row in sight at the top, with its fraction
  let height = 0;
  let frozen = "";
  let frame = 0;

  const rows = (): number => (el.clientHeight ? Math.max(1, Math.floor((el.clientHeight - head()) / row)) : PAGE);
  const head = (): number => grid.tHead?.offsetHeight ?? 0;
  const tall = (total: number): number => Math.min(total * row, TALLEST);
  /** Rows for each pixel of the scroll bar. */
  const rate = (total: number): number => {
    const way = tall(total) + head() - el.clientHeight;
    return way > 0 ? Math.max(0, total - (el.clientHeight - head()) / row) / way : 1 / row;
  };
  let known = 0;

  el.addEventListener("scroll", () => {
    frame ||= requestAnimationFrame(() => {
      frame = 0;
      const to = el.scrollTop * rate(known);
      if (Math.abs(to - top) * row < 0.5) return;
      top = to;
      onScroll();
    });
  }, { passive: true });

  const limit = (index: number, total: number): number => Math.max(0, Math.min(index, el.clientHeight ? total - rows() : Math.floor((total - 1) / PAGE) * PAGE));
  function go(to: number, total: number): void {
    top = limit(to, total);
    known = Math.max(known, total);
    size(total);
    el.scrollTop = top / rate(total);
  }

  function size(total: number): void {
    const want = Math.ceil(tall(total) + head());
    if (want !== height) canvas.style.height = `${want}px`;
    height = want;
    known = total;
  }

  /** Keep columns as wide as they were when first drawn, so that they do not jump while one scrolls. */
  function freeze(): void {
    const cells = [...(grid.tHead?.rows[0]?.cells ?? [])];
    const says = `${el.clientWidth} ${cells.length}`;
    if (!grid.tBodies[0]?.rows.length || !el.clientWidth || says === frozen) return;
    thaw();
    const widths = cells.map((cell) => cell.getBoundingClientRect().width);
    cells.forEach((cell, i) => (cell.style.width = `${widths[i]}px`));
    grid.style.tableLayout = "fixed";
    grid.style.width = `${widths.reduce((sum, width) => sum + width, 0)}px`;
    frozen = says;
  }

  function thaw(): void {
    for (const cell of grid.tHead?.rows[0]?.cells ?? []) cell.style.width = "";
    grid.style.tableLayout = grid.style.width = "";
    frozen = "";
  }

  const watch = typeof ResizeObserver === "undefined" ? null : new ResizeObserver(() => {
    if (!el.clientWidth) return;
    freeze();
    onScroll();
  });
  watch?.observe(el);

  return {
    el,
    get first() {
      return Math.floor(top + 1e-6);
    },
    last: (total) => Math.min(total, el.clientHeight ? Math.floor(top + (el.clientHeight - head()) / row + 0.1) : Math.floor(top) + PAGE),
    rows,
    span(total): { from: number; to: number } {
      const start = Math.floor(top + 1e-6);
      if (!el.clientHeight) return { from: start, to: Math.min(Math.max(total, start + 1), (Math.floor(start / PAGE) + 1) * PAGE) };
      return { from: Math.max(0, start - AROUND), to: Math.min(Math.max(total, 1), start + rows() + AROUND + 1) };
    },
    jump(index, total): { start: number } {
      go(index, total);
      return { start: Math.floor(Math.floor(top) / PAGE) * PAGE };
    },
    reveal(index, total): void {
      const start = Math.ceil(top - 1e-6);
      if (!el.clientHeight) {
        if (Math.floor(index / PAGE) !== Math.floor(top / PAGE)) go(Math.floor(index / PAGE) * PAGE, total);
      } else if (index < start) go(index, total);
      else if (index >= start + rows()) go(index - rows() + 1, total);
    },
    place(from, shown, total): void {
      freeze();
      const measured = shown ? (grid.tBodies[0]?.rows[0]?.offsetHeight ?? 0) : 0;
      if (measured) row = measured;
      size(total);
      const offset = el.scrollTop - (top - from) * row;
      canvas.style.paddingTop = `${Math.max(0, Math.round(total * row <= TALLEST ? from * row : offset))}px`;
    },
    size,
    thaw,
    restore(): void {
      el.scrollTop = top / rate(known);
    },
    stop(): void {
      cancelAnimationFrame(frame);
      watch?.disconnect();
    },
  };
}
