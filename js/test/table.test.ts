// The long table: what is asked for while one scrolls, cells, copying, columns, marks.
import { afterEach, describe, expect, test, vi } from "vitest";
import { DemoKernel, summaryOf } from "../demo/fixtures.ts";
import dashboard from "../src/dashboard.ts";
import { Blocks } from "../src/parts/blocks.ts";
import { tabbed } from "../src/parts/copy.ts";
import { bag, type Bag } from "../src/pure/guards.ts";
import { readRows } from "../src/pure/snapshot.ts";
import { $, all, el, onHeldPage, wait } from "./page.ts";

onHeldPage();

const HEIGHT = 27;
afterEach(() => vi.unstubAllGlobals());

const key = (name: string, more: KeyboardEventInit = {}) =>
  document.activeElement?.dispatchEvent(new KeyboardEvent("keydown", { key: name, bubbles: true, cancelable: true, ...more }));
const asked = (kernel: DemoKernel) => kernel.sent.filter((message) => message.kind === "rows");
const button = (label: string) => all("button").find((node) => node.textContent?.startsWith(label));

/** A kernel with so many jobs, whose rows are made only when they are asked for. */
class LongKernel extends DemoKernel {
  readonly total: number;
  constructor(total: number) {
    super({ summary: summaryOf("finished", { total, counts: { succeeded: total } }) });
    this.total = total;
  }
  rev = 1;
  override send(content: unknown): void {
    const message = bag(content);
    if (message.kind !== "rows") return super.send(content);
    this.sent.push(message);
    const start = Number(message.start);
    const n = Math.min(Number(message.n), this.total - start);
    const rows = Array.from({ length: Math.max(0, n) }, (_, i) => ({ row: start + i, id: `row-${start + i + 1}`, state: "succeeded", model: "m", fields: { a: `${start + i}`, b: "x\ty" }, documents: [] }));
    setTimeout(() => this.push({ kind: "rows", op: message.op, rev: this.rev, total: this.total, start, columns: ["a", "b"], rows, reviewed: { begun: 0, done: 0 } }), this.delay);
  }
}

/** Give the scrolling box a height, as a browser's layout would. */
function layout(rows: number) {
  vi.spyOn(HTMLElement.prototype, "clientHeight", "get").mockImplementation(function (this: HTMLElement) {
    return this.classList.contains("bnb-scroll") ? rows * HEIGHT : 0;
  });
}

async function openLong(total: number) {
  layout(14);
  const kernel = new LongKernel(total);
  const close = dashboard.render({ model: kernel, el });
  await wait(100);
  return { kernel, close };
}
async function scrollTo(row: number) {
  $(".bnb-scroll").scrollTop = row * HEIGHT;
  $(".bnb-scroll").dispatchEvent(new Event("scroll"));
  await wait(200);
}

describe("100,000 rows", () => {
  test("only the rows in sight are in the page, wherever one scrolls", async () => {
    const { kernel } = await openLong(100_000);
    for (const at of [0, 1_000, 54_321, 99_986]) {
      await scrollTo(at);
      const ids = all("tbody tr").map((node) => Number(node.dataset.row));
      expect(ids.length).toBeLessThanOrEqual(14 + 2 * 10 + 1);
      expect(Math.min(...ids)).toBeLessThanOrEqual(at);
      expect(Math.max(...ids)).toBeGreaterThanOrEqual(at + 13);
    }
    expect($(".bnb-canvas").style.height).toBe(`${100_000 * HEIGHT}px`);
    expect($(".bnb-tools .bnb-range").textContent).toBe("99,987–100,000 of 100,000");
    expect(asked(kernel).length).toBeLessThanOrEqual(4);
    expect(Math.max(...asked(kernel).map((message) => Number(message.n)))).toBeLessThanOrEqual(200);
  });

  test("while the bar is dragged nothing is asked for; at rest once", async () => {
    const { kernel } = await openLong(100_000);
    const before = asked(kernel).length;
    for (let i = 1; i <= 40; i++) {
      $(".bnb-scroll").scrollTop = i * 2_000 * HEIGHT;
      $(".bnb-scroll").dispatchEvent(new Event("scroll"));
      await wait(20);
    }
    expect(asked(kernel).length).toBe(before);
    await wait(200);
    expect(asked(kernel).length).toBe(before + 1);
    expect(all("tbody tr").map((node) => node.dataset.row)).toContain("80000");
  });

  test("what was seen is kept, and no more than a few hundred rows of it", async () => {
    const { kernel } = await openLong(100_000);
    await scrollTo(300);
    const before = asked(kernel).length;
    await scrollTo(0);
    await scrollTo(300);
    expect(asked(kernel).length).toBe(before);
    const blocks = new Blocks();
    const page = (start: number) => readRows({ total: 1e6, start, rows: Array.from({ length: 50 }, (_, i) => ({ row: start + i })) });
    for (let start = 0; start < 5_000; start += 50) blocks.put(page(start));
    expect([blocks.at(4_999)?.row, blocks.at(0)]).toEqual([4_999, undefined]);
  });

  test("a table taller than a browser's tallest box still reaches its last row", async () => {
    await openLong(2_000_000);
    $("[aria-label='Last page']").click();
    await wait(200);
    expect(all("tbody tr").map((node) => node.dataset.row)).toContain("1999999");
    expect(parseInt($(".bnb-canvas").style.height, 10)).toBeLessThanOrEqual(8_000_100);
  });

  test("End, PageUp and the arrows walk it by keyboard", async () => {
    await openLong(100_000);
    all("tbody tr")[0]?.focus();
    key("End");
    await wait(100);
    expect((document.activeElement as HTMLElement).dataset.row).toBe("99999");
    key("PageUp");
    await wait(100);
    expect((document.activeElement as HTMLElement).dataset.row).toBe("99986");
    key("ArrowUp");
    await wait(100);
    expect((document.activeElement as HTMLElement).dataset.row).toBe("99985");
  });

  test("a filter that leaves fewer rows starts at the top", async () => {
    const { kernel } = await openLong(100_000);
    await scrollTo(90_000);
    Object.assign(kernel, { total: 3 });
    const box = $<HTMLInputElement>("input[type=search]");
    box.value = "x";
    box.dispatchEvent(new Event("input"));
    await wait(500);
    expect(all("tbody tr")).toHaveLength(3);
    expect($(".bnb-tools .bnb-range").textContent).toBe("1–3 of 3");
  });
});

describe("cells", () => {
  const open = async () => {
    const kernel = new DemoKernel({ summary: summaryOf("finished") });
    dashboard.render({ model: kernel, el });
    await wait(100);
    return kernel;
  };

  test("are reached with left and right, keep their column on the way down, and copy", async () => {
    await open();
    const written: string[] = [];
    vi.stubGlobal("navigator", { clipboard: { writeText: async (text: string) => void written.push(text) } });
    all("tbody tr")[0]?.focus();
    for (const name of ["ArrowRight", "ArrowRight", "ArrowRight", "ArrowDown"]) key(name);
    expect(document.activeElement?.textContent).toBe("INV-2026-1002");
    key("c", { ctrlKey: true });
    await wait(1);
    key("c", { ctrlKey: true, shiftKey: true });
    await wait(1);
    expect(written[0]).toBe("INV-2026-1002");
    expect(written[1]?.split("\t").slice(0, 4)).toEqual(["succeeded", "scan_002.pdf", "INV-2026-1002", "91.69"]);
    expect($(".bnb-tools [role=status]").textContent).toBe("Row copied");
    for (let i = 0; i < 4; i++) key("ArrowLeft");
    expect(document.activeElement).toBe(all("tbody tr")[1]);
  });

  test("where the page may not use the clipboard, that is said", async () => {
    await open();
    vi.stubGlobal("navigator", {});
    all("tbody tr")[0]?.focus();
    key("c", { ctrlKey: true });
    await wait(1);
    expect($(".bnb-tools [role=status]").textContent).toBe("This browser does not let the page copy");
    expect(document.querySelector("textarea.bnb-offscreen")).toBeNull();
  });

  test("what parts cells and lines is quoted for a spreadsheet", () => {
    expect(tabbed(["a", 'b\t"c"', "d\ne"])).toBe('a\t"b\t""c"""\t"d\ne"');
  });

  test("a page whose order is behind is asked for again until it is not", async () => {
    const { kernel } = await openLong(200);
    const told = async (rev: number) => {
      kernel.set("summary", summaryOf("running", { rev, total: 200 }));
      await wait(1500);
      return asked(kernel).length;
    };
    const before = asked(kernel).length;
    expect(await told(2)).toBe(before + 1); // the kernel answers with revision 1
    expect(await told(2)).toBe(before + 2);
    kernel.rev = 2;
    expect(await told(2)).toBe(before + 3);
    expect(await told(2)).toBe(before + 3);
  });

  test("columns are chosen, and stay chosen", async () => {
    const kernel = await open();
    button("Columns")?.click();
    const label = all(".bnb-columns label").find((node) => node.textContent === "vendor");
    (label?.querySelector("input") as HTMLInputElement).click();
    expect(all("th").map((node) => node.textContent)).not.toContain("vendor");
    expect(all("tbody td").map((node) => node.textContent)).not.toContain("Northwind Paper GmbH");
    expect(button("Columns")?.textContent).toBe("Columns (1 hidden)");
    kernel.set("summary", summaryOf("finished", { rev: 2 }));
    await wait(1500);
    expect(all("th").map((node) => node.textContent)).not.toContain("vendor");
    button("All")?.click();
    expect(all("th").map((node) => node.textContent)).toContain("vendor");
  });

  test("doubtful evidence and what was checked are marked, in words too", async () => {
    const kernel = new DemoKernel({ summary: summaryOf("finished") });
    const rows = kernel.rows();
    vi.spyOn(kernel, "rows").mockReturnValue(rows.map((row, i): Bag => (i ? row : { ...row, sure: { vendor: "low", invoice_number: "high", total_amount: "none" }, review: { done: 2, of: 7, wrong: 1 } })));
    kernel.reviewed = { begun: 1, done: 0 };
    dashboard.render({ model: kernel, el });
    await wait(100);
    expect(all("tbody tr")[0]?.querySelectorAll(".bnb-doubt")).toHaveLength(2);
    expect(all(".bnb-doubt").map((node) => node.getAttribute("aria-label"))).toEqual(["no evidence in the document", "low confidence"]);
    expect(all("td.bnb-col-review")[0]?.textContent).toBe("2 of 7");
    expect(all("tbody tr")[0]?.getAttribute("aria-label")).toContain("2 of 7 fields checked");
    expect($(".bnb-tools .bnb-range").textContent).toContain("0 checked");
  });
});

describe("rows of a run that has ended", () => {
  const states = () => all("tbody tr td.bnb-col-state").map((node) => node.textContent ?? "");
  const unended = () => states().filter((state) => ["running", "submitting", "pending"].includes(state));
  const finish = (kernel: DemoKernel) => kernel.set("summary", summaryOf("cancelled", { rev: 50 }));

  async function running() {
    const kernel = new DemoKernel({ summary: summaryOf("running") });
    dashboard.render({ model: kernel, el });
    await wait(100);
    expect(unended().length).toBeGreaterThan(10);
    return kernel;
  }

  test("follow it at once, and never say that a job goes on", async () => {
    const kernel = await running();
    kernel.set("summary", summaryOf("running", { rev: 2 }));
    await wait(30); // the next question is due in a second
    kernel.delay = 300;
    finish(kernel);
    await wait(30);
    expect($(".bnb-state").textContent).toContain("cancelled");
    expect(unended()).toEqual([]);
    expect(states()).toContain("…");
    await wait(400);
    expect([...new Set(states())].sort()).toEqual(["cancelled", "succeeded"]);
  });

  test("are asked for again where the answer was lost", async () => {
    const kernel = await running();
    const send = kernel.send.bind(kernel);
    const spy = vi.spyOn(kernel, "send").mockImplementation((content) => (bag(content).kind === "rows" ? undefined : send(content)));
    finish(kernel);
    await wait(22_000);
    expect(unended()).toEqual([]);
    spy.mockRestore();
    await wait(8000);
    expect(states()).not.toContain("…");
  });
});

test("rows that are asked for while one scrolls do not keep others from being renewed", async () => {
  layout(14);
  const kernel = new LongKernel(4000);
  dashboard.render({ model: kernel, el });
  await wait(100);
  kernel.delay = 300;
  kernel.set("summary", summaryOf("finished", { rev: 2, total: 4000 }));
  await wait(50); // the first rows are asked for anew
  const before = asked(kernel).length;
  const box = $(".bnb-scroll");
  box.scrollTop = 45 * HEIGHT; // over the end of the first page: more is wanted, and takes its place
  box.dispatchEvent(new Event("scroll"));
  await wait(1500);
  expect(asked(kernel).slice(before - 1).map((message) => Number(message.start))).toContain(50);
  expect(asked(kernel).slice(before).map((message) => Number(message.start))).toContain(0);
});
