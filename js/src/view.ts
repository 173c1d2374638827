// What both widgets share: the root node, the guard around rendering, and letting go.
import type { Model } from "./channel.ts";
import { h } from "./dom.ts";

export interface RenderProps {
  model: Model;
  el: HTMLElement;
  /** Missing before anywidget 0.11. */
  signal?: AbortSignal;
}

/** A view: builds itself under `root` and hands every clean-up to `onClose`. */
export type View = (model: Model, root: HTMLElement, onClose: (fn: () => void) => void) => void;

/** A widget's module; an error is shown in the cell, where anywidget would leave an empty output. */
export const widget = (view: View) => ({
  render({ model, el, signal }: RenderProps): () => void {
    const closers: (() => void)[] = [];
    const close = (): void => {
      for (const fn of closers.splice(0).reverse()) fn();
    };
    const root = h("section", { class: "bnb", role: "region" });
    // keeps the notebook's own shortcuts off while somebody types here
    root.setAttribute("data-lm-suppress-shortcuts", "true");
    el.append(root);
    closers.push(ownKeys(root));
    try {
      view(model, root, (fn) => closers.push(fn));
    } catch (error) {
      close();
      root.replaceChildren(h("p", { class: "bnb-failure", role: "alert" }, `This view could not be drawn: ${String(error)}`));
    }
    closers.push(() => root.remove());
    signal?.addEventListener("abort", close, { once: true });
    if (signal?.aborted) close();
    return close;
  },
});

/** Run `fn` on the next frame, however often it is asked for until then; returns the trigger and its end. */
export function onFrame(fn: () => void): { ask(): void; stop(): void } {
  let frame = 0;
  return {
    ask(): void {
      frame ||= requestAnimationFrame(() => {
        frame = 0;
        fn();
      });
    },
    stop(): void {
      cancelAnimationFrame(frame);
      frame = 0;
    },
  };
}

/** What our own parts listen to in place of "keydown"; `detail` is the key's event. */
export const KEY = "bnb-key";

/**
 * Keep keys pressed in a view from the notebook, where single letters cut, copy and change cells.
 *
 * Notebook 7 looks at keys on the document before any element does, and heeds no mark there; the window comes before it.
 * What a key does by itself (typing, pressing a button, moving the focus) still happens.
 */
function ownKeys(root: HTMLElement): () => void {
  const guard = (event: KeyboardEvent): void => {
    const target = event.target;
    if (!(target instanceof Element) || !root.contains(target)) return;
    const own = new CustomEvent(KEY, { bubbles: true, cancelable: true, detail: event });
    const taken = !target.dispatchEvent(own);
    if (taken) event.preventDefault();
    if (taken || !(event.ctrlKey || event.metaKey || event.altKey)) event.stopImmediatePropagation();
  };
  window.addEventListener("keydown", guard, true);
  return () => window.removeEventListener("keydown", guard, true);
}

/** Listen to keys pressed in a part of a view; `fn` says whether it has taken the key. */
export function onKey(el: HTMLElement, fn: (event: KeyboardEvent) => boolean): void {
  el.addEventListener(KEY, (own) => {
    if (!fn((own as CustomEvent<KeyboardEvent>).detail)) return;
    own.preventDefault();
    own.stopPropagation();
  });
}
