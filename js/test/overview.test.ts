// The overview of a store, and the sentence that stands in for a view.
import { expect, test, vi } from "vitest";
import { DemoKernel, summaryOf } from "../demo/fixtures.ts";
import { RUNS_OF_A_STORE, runsPage } from "../demo/runs.ts";
import dashboard from "../src/dashboard.ts";
import overview from "../src/overview.ts";
import { openLabel, progressWords, readRuns, whenWords } from "../src/pure/runs.ts";
import { PAYLOADS, poison } from "./hostile.ts";
import { all, el, onHeldPage, wait } from "./page.ts";

onHeldPage();

function open(first = runsPage()) {
  const kernel = new DemoKernel({ overview: first });
  const close = overview.render({ model: kernel, el });
  return { kernel, close };
}

test("each run is a line: name, state in words, progress, money, when, and the call", () => {
  open();
  const lines = all(".bnb-run").map((line) => line.textContent ?? "");
  expect(lines).toHaveLength(RUNS_OF_A_STORE.length);
  expect(lines[0]).toMatch(/invoices.*running.*219 of 400 ended, 55 %.*\$1\.83 of \$5\.00.*12 min 34 s.*Open.*%batchata attach r/);
  expect(lines[2]).toMatch(/support_messages.*waits for a kernel.*Continue here/);
  expect(lines[4]).toMatch(/held by the limit.*310 of 400 succeeded, 4 invalid, 86 held/);
  expect(lines[6]).toMatch(/\$0\.0107.*practice, nothing paid/);
  expect(lines[8]).toContain("unknown");
});

test("while a run goes on the page is asked for again, and not when all are over", async () => {
  const { kernel, close } = open();
  await wait(10_000);
  expect(kernel.sent.map((message) => message.kind)).toEqual(["runs", "runs", "runs"]);
  close();
  await wait(10_000);
  expect(kernel.sent).toHaveLength(3);
  expect(kernel.listening).toBe(0);
  el.replaceChildren();
  const over = new DemoKernel({ overview: { ...runsPage(), runs: RUNS_OF_A_STORE.slice(4) } });
  overview.render({ model: over, el });
  await wait(10_000);
  expect(over.sent).toEqual([]);
});

test("opening a run asks the kernel once, and says why where it cannot be", async () => {
  const { kernel } = open();
  all(".bnb-run button")[0]?.click();
  await wait(200);
  const asked = kernel.sent.filter((message) => message.kind === "open");
  expect(asked.map((message) => message.run_id)).toEqual([RUNS_OF_A_STORE[0]?.run_id]);
  vi.spyOn(kernel, "send").mockImplementation((content) => {
    const { op, kind } = content as { op: string; kind: string };
    kernel.push({ kind, op, error: "The state file is locked" });
  });
  all(".bnb-run button")[0]?.click();
  await wait(200);
  expect(el.querySelector(".bnb-status")?.textContent).toBe("The state file is locked");
});

test("a busy kernel is said", async () => {
  const { kernel } = open();
  kernel.awake = false;
  all(".bnb-run button")[0]?.click();
  await wait(1000);
  expect(el.querySelector(".bnb-status")?.textContent).toContain("Kernel busy");
  kernel.wake();
  await wait(1000);
  expect(el.querySelector<HTMLElement>(".bnb-status")?.hidden).toBe(true);
});

test("an empty store says what makes a run", () => {
  open({ total: 0, start: 0, runs: [] });
  expect(el.textContent).toContain("No runs yet");
});

test.each(PAYLOADS)("text of a store stays text: %s", (payload) => {
  open(poison(runsPage(), payload) as Record<string, unknown>);
  expect(el.querySelectorAll("script, img, iframe, style, a, object, form").length).toBe(0);
});

test("words for progress, time and what opening does", () => {
  const [invoices, , waits] = readRuns(runsPage()).runs;
  if (!invoices || !waits) throw new Error("no runs");
  expect(progressWords(waits)).toBe("61,000 of 100,000 ended, 61 %");
  expect(openLabel(invoices)).toBe("Open");
  expect(openLabel(waits)).toBe("Continue here");
  expect(whenWords(invoices, new Date("2027-01-01"))).toMatch(/^2026-11-2\d \d\d:\d\d · 12 min 34 s$/);
  expect(whenWords({ ...invoices, startedAt: "never" })).toBe("");
});

test("a sentence stands in for a view exactly while no view of that run is open", () => {
  const summary = summaryOf("running", { run_id: "r0123456789" });
  const text = Object.assign(document.createElement("p"), { className: "bnb-standin bnb-standin-r0123456789" });
  document.body.append(text);
  const seen = () => getComputedStyle(text).display !== "none";
  expect(seen()).toBe(true);
  const close = [0, 1].map(() => dashboard.render({ model: new DemoKernel({ summary }), el }));
  expect(seen()).toBe(false);
  close[0]?.();
  expect(seen()).toBe(false);
  close[1]?.();
  expect(seen()).toBe(true);
  dashboard.render({ model: new DemoKernel({ summary: { ...summary, run_id: "x{} body{display:none}" } }), el });
  expect(document.head.textContent).not.toContain("body");
});
