// What comes over the wire is `unknown` until one of these has looked at it.

export type Bag = Record<string, unknown>;

export const bag = (value: unknown): Bag =>
  typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Bag) : {};
export const list = (value: unknown): unknown[] => (Array.isArray(value) ? value : []);
export const text = (value: unknown, otherwise = ""): string =>
  typeof value === "string" ? value : typeof value === "number" || typeof value === "boolean" ? String(value) : otherwise;
export const textOrNull = (value: unknown): string | null => (value === null || value === undefined ? null : text(value));
export const numberOr = <T>(value: unknown, otherwise: T): number | T =>
  typeof value === "number" && Number.isFinite(value) ? value : otherwise;
export const texts = (value: unknown): string[] => list(value).map((item) => text(item));

/** One of the known words, or the fallback. */
export const oneOf = <T extends string>(value: unknown, known: readonly T[], otherwise: T): T =>
  known.find((word) => word === value) ?? otherwise;
