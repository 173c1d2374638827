// Checking results: verdicts by button and by keyboard, against a pretend kernel.
import { beforeEach, describe, expect, test } from "vitest";
import { DemoKernel, resultOf, summaryOf } from "../demo/fixtures.ts";
import dashboard from "../src/dashboard.ts";
import resultView from "../src/result.ts";
import { $, all, el, onHeldPage, wait } from "./page.ts";

onHeldPage();

beforeEach(() => {
  Object.assign(URL, { createObjectURL: () => "blob:test/1", revokeObjectURL: () => undefined });
});

const active = () => $(".bnb-field.bnb-active");
const name = () => active().querySelector(".bnb-field-name")?.textContent;
const key = (what: string, node: Element = $(".bnb-view")) =>
  node.dispatchEvent(new KeyboardEvent("keydown", { key: what, bubbles: true, cancelable: true }));
const press = (label: string) => all(".bnb-review button").find((node) => node.textContent === label)?.click();
const sent = (kernel: DemoKernel) => kernel.sent.filter((message) => message.kind === "review");

async function open() {
  const kernel = new DemoKernel({ summary: summaryOf("running") });
  const close = dashboard.render({ model: kernel, el });
  await wait(100);
  all("tbody tr")[0]?.click();
  await wait(200);
  return { kernel, close };
}

describe("review", () => {
  test("a click confirms the field that is looked at, and says so in words", async () => {
    const { kernel } = await open();
    press("Confirm");
    await wait(100);
    expect(sent(kernel)).toMatchObject([{ row: 0, path: "invoice_number", verdict: "confirmed", value: null }]);
    expect(active().querySelector(".bnb-said")?.textContent).toBe("confirmed");
    expect($(".bnb-checked").textContent).toBe("1 of 7 checked");
    expect(name()).toBe("invoice_number");
    expect($(".bnb-said-confirmed[aria-pressed='true']").textContent).toBe("Confirm");
  });

  test("c and x say it and go on; u takes it back", async () => {
    const { kernel } = await open();
    key("c");
    key("x");
    await wait(100);
    expect(sent(kernel).map(({ path, verdict }) => [path, verdict])).toEqual([["invoice_number", "confirmed"], ["total_amount", "rejected"]]);
    expect(name()).toBe("vendor");
    key("k");
    key("u");
    await wait(100);
    expect(sent(kernel).at(-1)).toMatchObject({ path: "total_amount", verdict: null });
    expect($(".bnb-checked").textContent).toBe("1 of 7 checked");
  });

  test("e opens a box with the value; Enter keeps what was typed, and the model's value is struck out", async () => {
    const { kernel } = await open();
    key("j");
    key("e");
    const box = $<HTMLTextAreaElement>(".bnb-right");
    expect(document.activeElement).toBe(box);
    expect(box.value).toBe(active().querySelector(".bnb-value")?.textContent);
    box.value = "1240";
    key("Enter", box);
    await wait(100);
    expect(sent(kernel)).toMatchObject([{ path: "total_amount", verdict: "corrected", value: "1240" }]);
    expect(active().querySelector(".bnb-value")?.textContent).toBe("1240");
    expect(active().querySelectorAll(".bnb-struck")).toHaveLength(1);
    expect($(".bnb-typing").hidden).toBe(true);
    expect(document.activeElement?.textContent).toBe("Correct…");
  });

  test("a value that does not fit stays in its box, with the kernel's words", async () => {
    await open();
    key("j");
    key("e");
    const box = $<HTMLTextAreaElement>(".bnb-right");
    box.value = "a lot";
    key("Enter", box);
    await wait(100);
    expect($(".bnb-review [role=alert]").textContent).toBe("total_amount: Input should be a valid number");
    expect($(".bnb-typing").hidden).toBe(false);
    expect(box.value).toBe("a lot");
    expect(all(".bnb-said")).toHaveLength(0);
  });

  test("Escape leaves the box and not the view", async () => {
    const { kernel } = await open();
    key("e");
    key("Escape", $(".bnb-right"));
    expect($(".bnb-typing").hidden).toBe(true);
    expect($(".bnb-view").hidden).toBe(false);
    expect(sent(kernel)).toEqual([]);
  });

  test("keys typed into the box are no commands", async () => {
    const { kernel } = await open();
    key("e");
    for (const letter of "cxurnj") key(letter, $(".bnb-right"));
    await wait(100);
    expect(sent(kernel)).toEqual([]);
    expect(name()).toBe("invoice_number");
  });

  test("keys pressed in the view do not reach the notebook; those with Ctrl, and those outside, do", async () => {
    await open();
    const heard: string[] = [];
    const notebook = (event: KeyboardEvent) => void heard.push(event.key);
    document.addEventListener("keydown", notebook, true); // as Notebook 7 listens
    key("x");
    key("Enter", $(".bnb-verdict"));
    key("a", $("[aria-label='Page']"));
    $(".bnb-view").dispatchEvent(new KeyboardEvent("keydown", { key: "s", ctrlKey: true, bubbles: true }));
    key("x", document.body);
    document.removeEventListener("keydown", notebook, true);
    expect(heard).toEqual(["s", "x"]);
  });

  test("an error that comes late goes to its own field", async () => {
    const { kernel } = await open();
    kernel.awake = false;
    key("c");
    expect(name()).toBe("total_amount");
    kernel.push({ kind: "review", op: sent(kernel)[0]?.op, error: "The store is locked." });
    await wait(10);
    expect(name()).toBe("invoice_number");
    expect($(".bnb-review [role=alert]").textContent).toBe("The store is locked.");
  });

  test("an answer about another result is not shown in this one", async () => {
    const { kernel } = await open();
    kernel.awake = false;
    key("c");
    const op = sent(kernel)[0]?.op;
    $("[aria-label='Next result']").click();
    await wait(1);
    kernel.push({ kind: "result", op: kernel.sent.at(-1)?.op, result: resultOf(1, "succeeded") });
    await wait(10);
    kernel.push({ kind: "review", op, error: null, field: { path: "invoice_number", value: "x", citations: [], review: { verdict: "confirmed" } } });
    await wait(10);
    expect(all(".bnb-said")).toHaveLength(0);
  });

  test("all checked is said, and the table asks anew when one goes back", async () => {
    const { kernel } = await open();
    for (let i = 0; i < 7; i++) key("c");
    await wait(100);
    expect($(".bnb-checked").textContent).toBe("all 7 checked");
    const asked = kernel.sent.filter((message) => message.kind === "rows").length;
    key("Escape");
    await wait(100);
    expect(kernel.sent.filter((message) => message.kind === "rows")).toHaveLength(asked + 1);
  });

  test("what was said before is there when a result opens, alone too", async () => {
    const detail = resultOf(0, "succeeded");
    const fields = (detail.fields as object[]).map((field, i) => (i ? field : { ...field, review: { verdict: "corrected", value: "<b>INV</b>" } }));
    resultView.render({ model: new DemoKernel({ detail: { ...detail, fields } }), el });
    await wait(100);
    expect($(".bnb-checked").textContent).toBe("1 of 7 checked");
    expect($(".bnb-values .bnb-value").textContent).toBe("<b>INV</b>");
  });
});
