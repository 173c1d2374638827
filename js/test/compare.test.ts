// Models side by side.
import { expect, test, vi } from "vitest";
import { DemoKernel, summaryOf } from "../demo/fixtures.ts";
import dashboard from "../src/dashboard.ts";
import { poison } from "./hostile.ts";
import { all, el, onHeldPage, wait } from "./page.ts";

onHeldPage();

const MODELS = ["claude-sonnet-5-5", "gpt-6.1-sol"];
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
  expect(shown(".bnb-compare th").map((node) => node.textContent)).toEqual(["Input", "Agree", `${MODELS[0]}$4.21 per 1,000`, `${MODELS[1]}$0.29 per 1,000`]);
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

test("with gold values each model has its score, each answer a verdict, and one model is enough", async () => {
  const kernel = new DemoKernel({ summary: summaryOf("finished", { models: MODELS.slice(0, 1), gold: true }) });
  const [first] = MODELS as [string];
  const rows = [
    { id: "a", same: null, gold: "Acme", cells: { [first]: { row: 0, state: "succeeded", value: "Acme", right: true } } },
    { id: "b", same: null, gold: "Bolt", cells: { [first]: { row: 1, state: "succeeded", value: "Volt", right: false } } },
    { id: "c", same: null, gold: null, cells: { [first]: { row: 2, state: "succeeded", value: "Crane", right: null } } },
  ];
  vi.spyOn(kernel, "compare").mockReturnValue({ total: 3, start: 0, models: [first], columns: ["vendor"], path: "vendor", gold: true, agreement: {}, accuracy: { vendor: { [first]: { right: 1, of: 2 } } }, per_thousand: { [first]: "4.2135" }, rows });
  dashboard.render({ model: kernel, el });
  await wait(100);
  press("Accuracy");
  await wait(100);
  expect(shown(".bnb-compare th").map((node) => node.textContent)).toEqual(["Input", "Right", `${first}1 of 2 right, 50 %$4.21 per 1,000`]);
  expect(shown(".bnb-compare tbody td").map((node) => node.textContent)).toEqual(["a", "Acme", "Acme", "b", "Bolt", "Volt", "c", "", "Crane"]);
  expect(shown(".bnb-compare .bnb-cell > span").map((node) => node.className)).toEqual(["bnb-is-succeeded", "bnb-is-errored"]);
  expect(shown(".bnb-compare .bnb-cell").map((node) => node.getAttribute("aria-label"))).toEqual([
    `${first}: Acme, right. Show its evidence`, `${first}: Volt, wrong. Show its evidence`, `${first}: Crane. Show its evidence`,
  ]);
});

test("a preview says what the whole would cost, and runs the rest with the model that is chosen", async () => {
  const words = "~$1.20 (95 % interval $1.00 to $1.40)";
  const preview = { jobs: 20, left: 16, models: [...MODELS, "all"].map((model) => ({ model, left: model === "all" ? 16 : 8, words })) };
  const can = ["rest"];
  const kernel = new DemoKernel({ summary: summaryOf("finished", { models: MODELS, preview, can }) });
  dashboard.render({ model: kernel, el });
  await wait(100);
  expect(el.textContent).toContain(`a preview; as a batch all 20 jobs would cost ${words}`);
  press("Run the rest…");
  expect(shown(".bnb-ask button").map((node) => node.textContent)).toEqual([...MODELS.map((model) => `Go on with ${model}`), "Go on with all models", "Not yet"]);
  expect(document.activeElement?.textContent).toBe("Not yet");
  press(`Go on with ${MODELS[1]}`);
  await wait(100);
  expect(kernel.sent.filter((message) => message.kind === "cmd").at(-1)).toMatchObject({ cmd: "rest", args: { model: MODELS[1] } });

  kernel.set?.("summary", summaryOf("running", { models: MODELS.slice(1), run_id: "r2", rev: 1 }));
  await wait(1500);
  expect(shown("button").map((node) => node.textContent)).not.toContain("Run the rest…");
});
