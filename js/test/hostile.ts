// Text that a model, a document or a file name may hold, in every place where a view shows text.
import { bag, type Bag } from "../src/pure/guards.ts";

export const PAYLOADS = [
  "<script>window.PWNED=1</script>",
  '"><img src=x onerror="window.PWNED=1">',
  "</td></tr></table><iframe srcdoc='<script>parent.PWNED=1</script>'></iframe>",
  "<style>*{display:none}</style>",
  "javascript:window.PWNED=1",
  "\x1b[31mred\x1b[0m\x9b2J\x00\x07",
  "invoice\u202efdp.exe\u2066\u200b\ufeff\u{e0041}",
  "\ud83d alone",
];
export const HIDDEN = /[\0\x07\x1b\x9b\u202e\u2066\u200b\ufeff\u{e0041}\ud83d]/u;

/** A copy of a message in which every text is the payload, but for those that choose what is drawn. */
export function poison(value: unknown, payload: string): unknown {
  if (typeof value === "string") return payload;
  if (Array.isArray(value)) return value.map((item) => poison(item, payload));
  if (typeof value !== "object" || value === null) return value;
  const out: Bag = {};
  for (const [key, item] of Object.entries(bag(value))) out[key] = KEPT.has(key) ? item : poison(item, payload);
  return out;
}
const KEPT = new Set(["state", "cost", "spent", "reserved", "limit", "saved", "needs", "can", "kind", "op"]);
