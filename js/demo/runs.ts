// A made-up store: runs in every state, as `%batchata` alone shows them.
import type { Bag } from "../src/pure/guards.ts";

const run = (name: string, state: string, word: string, counts: Bag, more: Bag = {}): Bag => ({
  run_id: `r${[...name].map((c) => c.charCodeAt(0).toString(16)).join("").slice(0, 9).padEnd(9, "0")}`,
  name, state, word, driver: "nobody", models: ["claude-sonnet-5-5"], practice: false,
  total: Object.values(counts).reduce((sum: number, n) => sum + Number(n), 0), counts,
  money: { spent: "1.8342", limit: "5", known: true }, elapsed: 754.2, started_at: "2026-11-22T10:02:11+00:00", ...more,
});

export const RUNS_OF_A_STORE: readonly Bag[] = [
  run("invoices", "running", "running", { succeeded: 212, invalid: 3, errored: 4, running: 121, submitting: 20, pending: 40 }, { driver: "here" }),
  run("contracts_q3", "running", "running in another kernel", { succeeded: 40, running: 160 }, { driver: "elsewhere", models: ["gpt-6.1-sol"] }),
  run("support_messages", "running", "waits for a kernel", { succeeded: 61_000, running: 9_000, pending: 30_000 }, { models: ["gemini-3.8-flash", "claude-haiku-5-5"], money: { spent: "18.21", limit: "40", known: true }, elapsed: 4000 }),
  run("letters", "paused", "paused", { succeeded: 10, pending: 30 }, { driver: "here" }),
  run("scans", "held", "held by the limit", { succeeded: 310, invalid: 4, held: 86 }, { money: { spent: "4.9120", limit: "5", known: true } }),
  run("receipts", "finished", "finished", { succeeded: 398, invalid: 2 }),
  run("quickstart", "finished", "finished", { succeeded: 8 }, { practice: true, money: { spent: "0.0107", limit: null, known: true }, elapsed: 9 }),
  run("orders", "cancelled", "cancelled", { succeeded: 188, cancelled: 212 }, { money: { spent: "0.91", limit: null, known: true } }),
  run("minutes", "failed", "stopped", { succeeded: 120, errored: 31, expired: 9, missing: 2, cancelled: 238 }, { money: { spent: "0", limit: null, known: false } }),
];

/** A page of them, as the answer to a `runs` message. */
export const runsPage = (start = 0, n = 20): Bag => ({ total: RUNS_OF_A_STORE.length, start, runs: RUNS_OF_A_STORE.slice(start, start + n), store: ".batchata/state.db", view: "demo-overview" });
