// The answers of several models side by side, as the kernel sends them; no DOM.
import { count } from "./format.ts";
import { bag, list, numberOr, oneOf, text, textOrNull, texts } from "./guards.ts";
import { JOB_STATES, type JobState } from "./snapshot.ts";

export interface Share {
  same: number;
  of: number;
}

export interface Pair {
  /** Id of the input. */
  id: string;
  /** Whether the models say the same; null where fewer than two have answered. */
  same: boolean | null;
  /** What is right, where that is known. */
  gold: string | null;
  cells: Record<string, { row: number; state: JobState; value: string | null; right: boolean | null }>;
}

export interface Comparison {
  total: number;
  start: number;
  models: string[];
  columns: string[];
  path: string;
  agreement: Record<string, Share>;
  /** By field and model: gold values that it has right. */
  accuracy: Record<string, Record<string, Share>>;
  /** By model: dollars for a thousand jobs, at what these cost. */
  perThousand: Record<string, string>;
  /** Whether there are gold values. */
  gold: boolean;
  rows: Pair[];
}

const rights = (raw: unknown): Record<string, Share> =>
  Object.fromEntries(Object.entries(bag(raw)).map(([model, score]) => [model, { same: numberOr(bag(score).right, 0), of: numberOr(bag(score).of, 0) }]));

export function readComparison(raw: unknown): Comparison {
  const c = bag(raw);
  const shares = Object.entries(bag(c.agreement)).map(([path, share]) => [path, { same: numberOr(bag(share).same, 0), of: numberOr(bag(share).of, 0) }]);
  return {
    total: numberOr(c.total, 0),
    start: numberOr(c.start, 0),
    models: texts(c.models),
    columns: texts(c.columns),
    path: text(c.path),
    agreement: Object.fromEntries(shares) as Record<string, Share>,
    accuracy: Object.fromEntries(Object.entries(bag(c.accuracy)).map(([path, models]) => [path, rights(models)])),
    perThousand: Object.fromEntries(Object.entries(bag(c.per_thousand)).map(([model, cost]) => [model, text(cost)])),
    gold: c.gold === true,
    rows: list(c.rows).map((raw) => {
      const r = bag(raw);
      const cells = Object.entries(bag(r.cells)).map(([model, cell]) => {
        const { row, state, value, right } = bag(cell);
        return [model, { row: numberOr(row, 0), state: oneOf(state, JOB_STATES, "pending"), value: textOrNull(value), right: yesNo(right) }];
      });
      return { id: text(r.id), same: yesNo(r.same), gold: textOrNull(r.gold), cells: Object.fromEntries(cells) as Pair["cells"] };
    }),
  };
}

const yesNo = (raw: unknown): boolean | null => (typeof raw === "boolean" ? raw : null);

export const percent = ({ same, of }: Share): string => (of ? `${Math.floor((100 * same) / of)} %` : "0 %");

/** "38 of 40 agree, 95 %". */
export const agreementLabel = ({ same, of }: Share): string =>
  of ? `${count(same)} of ${count(of)} agree, ${percent({ same, of })}` : "nothing to compare yet";
