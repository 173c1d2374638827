// What axe finds wrong without a layout (contrast is looked at in a real browser: tests/e2e).
import axe from "axe-core";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { DemoKernel, resultOf, summaryOf, type Phase } from "../demo/fixtures.ts";
import dashboard from "../src/dashboard.ts";
import overview from "../src/overview.ts";
import resultView from "../src/result.ts";
import { runsPage } from "../demo/runs.ts";
import { RUN_STATES } from "../src/pure/snapshot.ts";

vi.setConfig({ testTimeout: 60_000 }); // axe is slow without a layout engine of its own
let el: HTMLElement;
beforeEach(() => {
  document.body.replaceChildren((el = document.createElement("main")));
  Object.assign(URL, { createObjectURL: () => "blob:test/1", revokeObjectURL: () => undefined });
});

// the clock is real here: a view that is left open would go on when its page is gone
let close: () => void = () => undefined;
afterEach(() => close());
const draw = (view: typeof dashboard, model: DemoKernel): void => {
  close = view.render({ model, el });
};

const settle = () => new Promise((done) => setTimeout(done, 120));
const press = (label: string) => [...el.querySelectorAll("button")].find((node) => node.textContent === label && !node.closest("[hidden]"))?.click();
const row = () => el.querySelector<HTMLElement>("tbody tr")?.click();
const key = (name: string) => el.querySelector(".bnb-view")?.dispatchEvent(new KeyboardEvent("keydown", { key: name, bubbles: true }));

async function violations(): Promise<string[]> {
  const found = await axe.run(el, { rules: { "color-contrast": { enabled: false } } });
  return found.violations.flatMap(({ id, nodes }) => nodes.map((node) => `${id}: ${node.html.slice(0, 120)}`));
}

const STEPS: Record<string, (() => void)[]> = {
  "as it opens": [],
  "with columns and exports open": [() => press("Columns"), () => press("Export")],
  "asking whether to cancel": [() => press("Cancel")],
  "asking for a limit": [() => press("Raise limit…")],
  "with models side by side": [() => press("Compare models")],
  "with a result open": [row],
  "with a verdict and a correction": [row, () => key("c"), () => key("e")],
  "with a text document": [row, () => key("n"), () => key("n")],
  "with the raw answer": [row, () => key("r")],
};
const PHASES: readonly Phase[] = RUN_STATES;

test.each(PHASES)("a dashboard that is %s", async (phase) => {
  draw(dashboard, new DemoKernel({ summary: summaryOf(phase, { practice: true, driver: false }) }));
  await settle();
  expect(await violations()).toEqual([]);
});

test.each(Object.keys(STEPS))("a dashboard %s", async (name) => {
  draw(dashboard, new DemoKernel({ summary: summaryOf("running", { models: ["a", "b"] }) }));
  await settle();
  for (const step of STEPS[name] ?? []) {
    step();
    await settle();
  }
  expect(await violations()).toEqual([]);
});

test("a result shown alone", async () => {
  draw(resultView, new DemoKernel({ detail: resultOf(0, "succeeded") }));
  await settle();
  expect(await violations()).toEqual([]);
});

test("an overview", async () => {
  draw(overview, new DemoKernel({ overview: runsPage() }));
  await settle();
  expect(await violations()).toEqual([]);
});

test("all that can be clicked can be reached by keyboard", async () => {
  draw(dashboard, new DemoKernel({ summary: summaryOf("running", { models: ["a", "b"] }) }));
  await settle();
  row();
  await settle();
  const clickable = [...el.querySelectorAll<HTMLElement>("button, a, select, input, summary, textarea")];
  // boxes on the page stand for chips in the list, which are reachable
  expect(clickable.filter((node) => node.tabIndex < 0 && !node.classList.contains("bnb-mark"))).toEqual([]);
});
