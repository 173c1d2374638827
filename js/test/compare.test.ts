// Models side by side.
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { DemoKernel, summaryOf } from "../demo/fixtures.ts";
import dashboard from "../src/dashboard.ts";
import { poison } from "./hostile.ts";

let el: HTMLElement;
beforeEach(() => {
  vi.useFakeTimers();
  document.body.replaceChildren((el = document.createElement("div")));
});
afterEach(() => vi.useRealTimers());

const MODELS = ["claude-sonnet-5-5", "gpt-6.1-sol"];
const wait = (ms: number) => vi.advanceTimersByTimeAsync(ms);
const all = (selector: string) => [...el.querySelectorAll<HTMLElement>(selector)];
const shown = (selector: string) => all(selector).filter((node) => !node.closest("[hidden]"));
const press = (label: string) => shown("button").find((node) => node.textContent === label)?.click();
const sent = (kernel: DemoKernel) => kernel.sent.filter((message) => message.kind === "compare");

async function open(kernel = new DemoKernel({ summary: summaryOf("finished", { models: MODELS }) })) {
  dashboard.render({ model: kernel, el });
  await wait(100);
  press("Compare models");
  await wait(100);
  return kernel;
}

test("one model is not compared", async () => {
  dashboard.render({ model: new DemoKernel({ summary: summaryOf("finished") }), el });
  await wait(100);
  expect(shown("button").map((node) => node.textContent)).not.toContain("Compare models");
});

test("each input has a line, each model a column, and differences a word and a shape", async () => {
  await open();
  expect(shown(".bnb-compare th").map((node) => node.textContent)).toEqual(["Input", "Agree", ...MODELS]);
  expect(shown(".bnb-compare tbody tr")).toHaveLength(40);
  expect(shown(".bnb-compare tbody tr")[3]?.textContent).toBe("scan_004.pdfdifferŌtani PrecisionŌTANI PRE");
  expect(shown(".bnb-differs")).toHaveLength(6);
  expect(shown(".bnb-compare .bnb-range").map((node) => node.textContent)).toEqual(["34 of 40 agree"]);
  expect(shown(".bnb-compare option").map((node) => node.textContent)).toEqual(["vendor – 85 % agree", "total_amount – 100 % agree"]);
});

test("another field, and only the differences, are asked of the kernel", async () => {
  const kernel = await open();
  const box = shown(".bnb-compare input")[0] as HTMLInputElement;
  box.click();
  await wait(100);
  expect(sent(kernel).at(-1)).toMatchObject({ path: "vendor", differ: true, start: 0 });
  expect(shown(".bnb-compare tbody tr")).toHaveLength(6);
  const field = shown(".bnb-compare select")[0] as HTMLSelectElement;
  field.value = "total_amount";
  field.dispatchEvent(new Event("change"));
  await wait(100);
  expect(shown(".bnb-compare tbody tr")).toHaveLength(0);
  expect(shown(".bnb-compare .bnb-empty")[0]?.textContent).toBe("The models agree on every input.");
});

test("an answer opens its evidence, and closing comes back to the comparison", async () => {
  const kernel = await open();
  shown(".bnb-compare .bnb-cell")[1]?.click();
  await wait(100);
  expect(kernel.sent.filter((message) => message.kind === "result").at(-1)).toMatchObject({ row: 1 });
  expect(shown(".bnb-compare")).toHaveLength(0);
  press("All results");
  await wait(100);
  expect(shown(".bnb-compare")).toHaveLength(1);
  press("All results");
  await wait(100);
  expect(shown(".bnb-compare")).toHaveLength(0);
  expect(shown(".bnb-scroll")).toHaveLength(1);
});

test("hostile answers stay text", async () => {
  const kernel = new DemoKernel({ summary: summaryOf("finished", { models: MODELS }) });
  const evil = '"><img src=x onerror="window.PWNED=1">';
  const calm = kernel.compare({ start: 0, n: 5 });
  vi.spyOn(kernel, "compare").mockReturnValue({ ...calm, rows: poison(calm.rows, evil), columns: [evil], path: evil });
  await open(kernel);
  expect(el.textContent).toContain(evil);
  expect(el.querySelector("img:not(.bnb-page-image), [onerror]")).toBeNull();
});
