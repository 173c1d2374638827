// The rows that the browser holds of a long table: blocks of a page each, near what is looked at.
import { PAGE } from "../pure/rows.ts";
import type { Row, RowsPage } from "../pure/snapshot.ts";

const KEPT = 12; // blocks

export class Blocks {
  total = 0;
  readonly #blocks = new Map<number, Row[]>();

  clear(): void {
    this.#blocks.clear();
  }

  /** Keep what came; blocks far from it go. `start` is a multiple of the page. */
  put(page: RowsPage): void {
    this.total = page.total;
    const first = Math.floor(page.start / PAGE);
    for (let i = 0; i * PAGE < Math.max(page.rows.length, 1); i++) this.#blocks.set(first + i, page.rows.slice(i * PAGE, (i + 1) * PAGE));
    const far = [...this.#blocks.keys()].sort((a, b) => Math.abs(b - first) - Math.abs(a - first));
    for (const block of far.slice(0, Math.max(0, this.#blocks.size - KEPT))) this.#blocks.delete(block);
  }

  at(index: number): Row | undefined {
    return this.#blocks.get(Math.floor(index / PAGE))?.[index % PAGE];
  }

  /** Where a row stands among those that are held; -1 when it is not. */
  indexOf(row: number): number {
    for (const [block, rows] of this.#blocks) {
      const at = rows.findIndex((item) => item.row === row);
      if (at >= 0) return block * PAGE + at;
    }
    return -1;
  }

  /** The stretch of whole blocks that holds what is missing of `from`…`to`; null when nothing is. */
  missing(from: number, to: number): { start: number; n: number } | null {
    const wanted: number[] = [];
    for (let block = Math.floor(from / PAGE); block <= Math.floor(Math.max(to - 1, from) / PAGE); block++) {
      if (!this.#blocks.has(block) && (block * PAGE < this.total || block === 0)) wanted.push(block);
    }
    const [first, last] = [wanted[0], wanted.at(-1)];
    return first === undefined || last === undefined ? null : { start: first * PAGE, n: Math.min(last - first + 1, 4) * PAGE };
  }

  /** The rows of `from`…`to` that are held without a gap from `from` on. */
  run(from: number, to: number): { index: number; row: Row }[] {
    const found: { index: number; row: Row }[] = [];
    for (let index = from; index < to; index++) {
      const row = this.at(index);
      if (!row) break;
      found.push({ index, row });
    }
    return found;
  }
}
