// Text that a model, a document or a file name may hold, in every place where a view shows text.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { bag, type Bag } from "../src/pure/guards.ts";

/** The same that Python's tests use. */
export const PAYLOADS = JSON.parse(readFileSync(join(import.meta.dirname, "../../tests/widgets/payloads.json"), "utf8")) as string[];
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
const KEPT = new Set(["state", "cost", "spent", "reserved", "limit", "saved", "cached", "needs", "can", "kind", "op"]);
