// The document side of the evidence view: small pages, long texts, pages that hold nothing to point at.
import { beforeEach, describe, expect, test, vi } from "vitest";
import { DemoKernel, resultOf, summaryOf } from "../demo/fixtures.ts";
import dashboard from "../src/dashboard.ts";
import resultView from "../src/result.ts";
import type { Bag } from "../src/pure/guards.ts";
import { $, all, el, onHeldPage, wait } from "./page.ts";

onHeldPage();

const urls = new Set<string>();
beforeEach(() => {
  urls.clear();
  let made = 0;
  Object.assign(URL, {
    createObjectURL: () => {
      urls.add(`blob:test/${++made}`);
      return `blob:test/${made}`;
    },
    revokeObjectURL: (url: string) => urls.delete(url),
  });
});

const key = (name: string) => $(".bnb-view").dispatchEvent(new KeyboardEvent("keydown", { key: name, bubbles: true, cancelable: true }));
const sent = (kernel: DemoKernel, kind: string) => kernel.sent.filter((message) => message.kind === kind);

/** A kernel whose result has these entries; `answers` overrides what it says. */
class Kernel extends DemoKernel {
  constructor(detail: Bag, private readonly answers: Record<string, (message: Bag) => Bag> = {}) {
    super({ detail: { ...resultOf(0, "succeeded"), ...detail }, summary: summaryOf("finished") });
    this.delay = 0;
  }

  override send(message: Bag): void {
    const own = this.answers[String(message.kind)];
    if (!own) return super.send(message);
    this.sent.push(message);
    queueMicrotask(() => this.push({ kind: message.kind, op: message.op, ...own(message) }));
  }
}

const LONG = { documents: [{ name: "book.pdf", kind: "pdf", pages: 500 }], fields: [
  { path: "title", value: "A", citations: [{ document: 0, page: 1, text: "A", rects: [[10, 10, 50, 20]], confidence: "high" }] },
  { path: "end", value: "Z", citations: [{ document: 0, page: 420, text: "Z", rects: [[10, 10, 50, 20]], confidence: "low" }] },
] };
const pageOf = (message: Bag): Bag => ({ page: message.page, pages: 500, width: 595, height: 842, mime: "image/jpeg" });

async function openLong() {
  const kernel = new Kernel(LONG);
  vi.spyOn(kernel, "send").mockImplementation((message: Bag) => {
    kernel.sent.push(message);
    queueMicrotask(() => kernel.push({ kind: "page", op: message.op, ...pageOf(message) }, [new DataView(new ArrayBuffer(4))]));
  });
  const close = resultView.render({ model: kernel, el });
  await wait(100);
  return { kernel, close: close as () => void };
}

describe("small pages", () => {
  test("a long file has small pages, of which only those in sight are drawn", async () => {
    const { kernel } = await openLong();
    expect(all(".bnb-thumb").length).toBeLessThan(12);
    expect(sent(kernel, "page").filter((message) => message.scale === 0.2).length).toBeLessThan(12);
    expect($(".bnb-thumb-list").style.height).toBe(`${500 * 104}px`);
    expect($(".bnb-thumb[aria-current]").getAttribute("aria-label")).toBe("Page 1, has evidence");
  });

  test("going to a place far on draws the small pages there, and a click on one opens it", async () => {
    const { kernel } = await openLong();
    key("n");
    await wait(100);
    expect($(".bnb-thumb[aria-current]").textContent).toBe("420");
    all(".bnb-thumb").find((node) => node.textContent === "421")?.click();
    await wait(100);
    expect($<HTMLImageElement>(".bnb-page-image").alt).toBe("Page 421 of 500");
    expect(sent(kernel, "page").at(-1)).toBeTruthy();
  });

  test("pictures are given away again: a bounded number is kept, and none when the view closes", async () => {
    const { close } = await openLong();
    for (let page = 1; page < 500; page += 6) {
      $(".bnb-thumbs").scrollTop = page * 104;
      $(".bnb-thumbs").dispatchEvent(new Event("scroll"));
      await wait(20);
    }
    expect(urls.size).toBeGreaterThan(60);
    expect(urls.size).toBeLessThanOrEqual(80 + 16);
    close();
    await wait(20);
    expect(urls.size).toBe(0);
  });

  test("t hides them and shows them", async () => {
    await openLong();
    key("t");
    expect($(".bnb-thumbs").hidden).toBe(true);
    expect($(".bnb-overview").getAttribute("aria-pressed")).toBe("false");
    key("t");
    expect($(".bnb-thumbs").hidden).toBe(false);
  });
});

describe("pages that hold nothing to point at", () => {
  test("stand in words above the page, and by the field that was not found", async () => {
    const says = "Page 3 is a scan: no text to point at.";
    const detail = {
      documents: [{ name: "a.pdf", kind: "pdf", pages: 3 }],
      fields: [{ path: "a", value: "b", citations: [], note: `Not found in the text. ${says}` }, { path: "c", value: "", citations: [], note: "" }],
      page_notes: [{ text: says, kind: "scan", document: 0, first: 3, last: 3 }],
    };
    resultView.render({ model: new Kernel(detail), el });
    await wait(100);
    expect(all(".bnb-none").map((node) => node.textContent)).toEqual([`Not found in the text. ${says}`, "empty", "no value, so nothing to look for"]);
    expect($(".bnb-page-note").hidden).toBe(true);
    key("]");
    key("]");
    await wait(100);
    expect($(".bnb-page-note").textContent).toBe(says);
    expect($(".bnb-page-note").hidden).toBe(false);
    expect($(".bnb-thumb[aria-current]").getAttribute("aria-label")).toBe(`Page 3, ${says}`);
  });
});

describe("long texts", () => {
  const BLOCK = 8000;
  const BLOCKS = 640; // 5 million characters
  const blockText = (n: number): string => `block ${n} \u{1f600}`.padEnd(BLOCK + 1, "x"); // one character of two units
  const text = (message: Bag): Bag => {
    const block = Math.floor(Number(message.at) / BLOCK);
    const outline = message.outline ? { starts: Array.from({ length: BLOCKS }, (_, i) => i * BLOCK), lines: Array(BLOCKS).fill(100), length: BLOCKS * BLOCK } : {};
    return { ...outline, block, text: blockText(block) };
  };
  const far = 600 * BLOCK;
  const detail = {
    documents: [{ name: "long.txt", kind: "text", pages: null }],
    fields: [{ path: "end", value: "x", citations: [{ document: 0, page: null, start: far + 10, end: far + 14, text: "xxxx", rects: [] }] }],
  };

  test("five million characters open at the place, with a few blocks of them", async () => {
    const kernel = new Kernel(detail, { text });
    resultView.render({ model: kernel, el });
    await wait(100);
    expect(all(".bnb-block")).toHaveLength(BLOCKS);
    expect(sent(kernel, "text").length).toBeLessThan(30);
    expect(sent(kernel, "text")[0]).toMatchObject({ at: far + 10, outline: true });
    expect($("mark.bnb-active").textContent).toBe("\u{1f600}xxx");
    expect(all(".bnb-block").filter((node) => node.childNodes.length).length).toBeLessThanOrEqual(48);
    expect(all(".bnb-block")[300]?.style.height).toMatch(/em$/);
  });

  test("blocks out of sight give their text away and keep their room", async () => {
    const kernel = new Kernel(detail, { text });
    resultView.render({ model: kernel, el });
    await wait(100);
    const pane = $(".bnb-text-pane");
    Object.defineProperty(pane, "clientHeight", { value: 500 });
    all(".bnb-block").forEach((node, i) => {
      Object.defineProperty(node, "offsetTop", { value: i * 1000 });
      Object.defineProperty(node, "offsetHeight", { value: 1000 });
    });
    for (let at = 0; at < BLOCKS; at += 8) {
      pane.scrollTop = at * 1000;
      pane.dispatchEvent(new Event("scroll"));
      await wait(20);
      expect(all(".bnb-block")[at]?.textContent).toContain(`block ${at} `);
    }
    const there = all(".bnb-block").filter((node) => node.childNodes.length);
    expect(there.length).toBeLessThanOrEqual(48);
    expect(all(".bnb-block")[96]?.style.height).toBe("1000px");
  });

  test("a text that cannot be had says why", async () => {
    resultView.render({ model: new Kernel(detail, { text: () => ({ error: "long.txt has changed" }) }), el });
    await wait(100);
    expect($(".bnb-text-pane").textContent).toBe("long.txt has changed");
  });
});

describe("two views of one result", () => {
  test("a verdict given elsewhere is shown, and what is being typed here stays", async () => {
    const kernel = new DemoKernel({ summary: summaryOf("finished") });
    dashboard.render({ model: kernel, el });
    await wait(100);
    all("tbody tr")[0]?.click();
    await wait(200);
    key("e");
    const box = $<HTMLTextAreaElement>(".bnb-right");
    box.value = "half typ";
    kernel.reviews.set("0 vendor", { verdict: "rejected", value: null });
    kernel.push({ kind: "reviewed", row: 0 });
    await wait(200);
    const vendor = all(".bnb-field").find((node) => node.querySelector(".bnb-field-name")?.textContent === "vendor");
    expect(vendor?.querySelector(".bnb-said")?.textContent).toBe("rejected");
    expect($(".bnb-checked").textContent).toBe("1 of 7 checked");
    expect(box.isConnected).toBe(true);
    expect(box.value).toBe("half typ");
    expect($(".bnb-typing").hidden).toBe(false);
  });

  test("a single result takes a verdict over from its kernel's state", async () => {
    const detail = resultOf(0, "succeeded");
    const kernel = new DemoKernel({ detail });
    resultView.render({ model: kernel, el });
    await wait(100);
    const fields = (detail.fields as Bag[]).map((field, i) => (i === 1 ? { ...field, review: { verdict: "confirmed", value: null } } : field));
    kernel.set("detail", { ...detail, fields });
    await wait(100);
    expect(all(".bnb-said").map((node) => node.textContent)).toEqual(["confirmed"]);
  });
});
