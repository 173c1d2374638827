// The keys of the evidence view, folded until somebody wants to know them.
import { h } from "../dom.ts";

const KEYS: readonly [string, string][] = [
  ["j k", "field"], ["n p", "citation"], ["c", "confirm"], ["e", "correct"], ["x", "reject"], ["u", "clear"],
  ["[ ]", "page"], ["t", "small pages"], ["+ - 0", "zoom"], ["r", "raw answer"],
];

export function keyHelp(back: boolean): HTMLElement {
  const shown = back ? [...KEYS, ["Esc", "back"] as const] : KEYS;
  const rows = shown.map(([keys, does]) => h("li", {}, ...keys.split(" ").map((key) => h("kbd", {}, key)), does));
  return h("details", { class: "bnb-fold bnb-keys" }, h("summary", {}, h("span", {}, "Keys")), h("ul", {}, ...rows));
}
