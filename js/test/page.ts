// What tests of views share: a page that is empty before each test, with a clock that is held, and ways to look at it.
import { afterEach, beforeEach, vi } from "vitest";

/** Where the test draws its view. */
export let el: HTMLElement;

/** Begin each test of this file with an empty page and a held clock. */
export function onHeldPage(): void {
  beforeEach(() => {
    vi.useFakeTimers();
    document.body.replaceChildren((el = document.createElement("div")));
  });
  afterEach(() => vi.useRealTimers());
}

export const wait = (ms: number) => vi.advanceTimersByTimeAsync(ms);
export const all = <T extends HTMLElement>(selector: string) => [...el.querySelectorAll<T>(selector)];
export const $ = <T extends HTMLElement>(selector: string): T => {
  const node = el.querySelector<T>(selector);
  if (!node) throw new Error(`there is no ${selector}`);
  return node;
};
