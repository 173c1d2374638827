// A question that is asked back in place, below what was pressed; Escape takes it back.
import { h, show } from "../dom.ts";
import { onKey } from "../view.ts";

export interface Asking {
  el: HTMLElement;
  /** What was pressed to be asked, if anything was. */
  from(): HTMLElement | null;
  open(from: HTMLElement, ...children: Node[]): void;
  /** Ends the question; focus goes back to what was pressed, where that is still there. */
  close(): void;
}

export function asking(): Asking {
  const el = h("div", { class: "bnb-ask", hidden: true });
  let back: HTMLElement | null = null;
  const close = (): void => {
    show(el, false);
    el.replaceChildren();
    if (back?.isConnected && !back.hidden) back.focus();
  };
  const open = (from: HTMLElement, ...children: Node[]): void => {
    back = from;
    el.replaceChildren(...children);
    show(el, true);
  };
  onKey(el, (event) => {
    if (event.key === "Escape") close();
    return event.key === "Escape";
  });
  return { el, from: () => back, open, close };
}
