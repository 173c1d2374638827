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
  cells: Record<string, { row: number; state: JobState; value: string | null }>;
}

export interface Comparison {
  total: number;
  start: number;
  models: string[];
  columns: string[];
  path: string;
  agreement: Record<string, Share>;
  rows: Pair[];
}

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
    rows: list(c.rows).map((raw) => {
      const r = bag(raw);
      const cells = Object.entries(bag(r.cells)).map(([model, cell]) => {
        const { row, state, value } = bag(cell);
        return [model, { row: numberOr(row, 0), state: oneOf(state, JOB_STATES, "pending"), value: textOrNull(value) }];
      });
      return { id: text(r.id), same: typeof r.same === "boolean" ? r.same : null, cells: Object.fromEntries(cells) as Pair["cells"] };
    }),
  };
}

export const percent = ({ same, of }: Share): string => (of ? `${Math.floor((100 * same) / of)} %` : "0 %");

/** "38 of 40 agree, 95 %". */
export const agreementLabel = ({ same, of }: Share): string =>
  of ? `${count(same)} of ${count(of)} agree, ${percent({ same, of })}` : "nothing to compare yet";
