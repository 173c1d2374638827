// The sentence that stands in for a view in another output: hidden while the view is there, seen where it cannot load.
import { setText } from "../dom.ts";

const seen = new Map<string, { sheet: HTMLStyleElement; views: number }>();

/** Hide what stands in for a view as long as it is open; returns the end of that. */
export function standsIn(view: string): () => void {
  if (!/^[A-Za-z0-9-]{6,40}$/.test(view)) return () => undefined;
  const known = seen.get(view) ?? { sheet: document.createElement("style"), views: 0 };
  if (known.views === 0) {
    setText(known.sheet, `.bnb-standin-${view} { display: none; }`);
    document.head.append(known.sheet);
  }
  known.views += 1;
  seen.set(view, known);
  return () => {
    known.views -= 1;
    if (known.views > 0) return;
    known.sheet.remove();
    seen.delete(view);
  };
}
