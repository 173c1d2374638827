// The widgets in a document, with a pretend kernel and a clock that is held.
import { beforeEach, describe, expect, test, vi } from "vitest";
import { cut, DemoKernel, lost, resultOf, summaryOf, type Phase } from "../demo/fixtures.ts";
import dashboard from "../src/dashboard.ts";
import resultView from "../src/result.ts";
import type { Bag } from "../src/pure/guards.ts";
import { visible } from "../src/pure/visible.ts";
import { HIDDEN, PAYLOADS, poison } from "./hostile.ts";
import { $, all, el, onHeldPage, wait } from "./page.ts";

onHeldPage();

const urls = { made: 0, gone: 0 };

beforeEach(() => {
  urls.made = urls.gone = 0;
  Object.assign(URL, { createObjectURL: () => `blob:test/${++urls.made}`, revokeObjectURL: () => ++urls.gone });
});

const shown = (node: HTMLElement) => !node.closest("[hidden]");
const buttons = (label: string) => all("button").filter((node) => shown(node) && node.textContent === label) as HTMLButtonElement[];
const press = (label: string) => {
  const [first] = buttons(label);
  if (!first) throw new Error(`there is no button ${label}`);
  first.click();
};
const sent = (kernel: DemoKernel, kind: string) => kernel.sent.filter((message) => message.kind === kind && message.scale !== 0.2); // small pages apart
const key = (name: string, node: Element = document.activeElement ?? document.body) =>
  node.dispatchEvent(new KeyboardEvent("keydown", { key: name, bubbles: true, cancelable: true }));

async function open(phase: Phase = "running", changes: Bag = {}) {
  const kernel = new DemoKernel({ summary: summaryOf(phase, changes) });
  const close = dashboard.render({ model: kernel, el });
  await wait(100);
  return { kernel, close };
}

async function openRow(index = 0) {
  const all_ = await open();
  all("tbody tr")[index]?.click();
  await wait(200);
  return all_;
}

describe("dashboard", () => {
  test("says what runs, how far it is, what it costs and what it waits for", async () => {
    await open();
    const text = el.textContent ?? "";
    for (const words of ["invoices", "running", "claude-sonnet-5-5", "Waiting for 2 batches", "219 of 400", "$1.83", "37 % of the $5.00 limit", "$1.22reserved", "$1.95free", "about 19 min left", "msgbatch_01Pq4nVJxS9d3LmT7yWbR2kE", "next look in", "Anthropic answered 500"]) {
      expect(text).toContain(words);
    }
    expect($(".bnb-bar").getAttribute("aria-label")).toBe("400 jobs: 212 succeeded, 53 %; 3 invalid, 1 %; 4 errored, 1 %; 121 running, 30 %; 20 submitting, 5 %; 40 pending, 10 %");
    expect($(".bnb").getAttribute("aria-label")).toBe("Batch run invoices");
  });

  test("practice is said in so many words", async () => {
    await open("running", { practice: true });
    expect($(".bnb-practice").textContent).toBe("PracticeNo model was asked; nothing was sent or paid.");
    expect(shown($(".bnb-practice"))).toBe(true);
  });

  test("a run that another kernel drives says so", async () => {
    await open("running", { driver: false });
    expect(all(".bnb-notice").filter(shown).map((node) => node.textContent)).toEqual([expect.stringContaining("Another kernel drives this run")]);
  });

  test("held jobs say what would release them", async () => {
    await open("held");
    expect($(".bnb-notice.bnb-is-held").textContent).toContain("86 jobs did not fit under the limit; $1.20 more would release them.");
  });

  test("only the commands that are possible are offered", async () => {
    const { kernel } = await open();
    const offered = () => all(".bnb-actions button").filter(shown).map((node) => node.textContent);
    expect(offered()).toEqual(["Pause", "Raise limit…", "Cancel"]);
    kernel.set("summary", summaryOf("running", { rev: 2, can: ["resume", "cancel"] }));
    await wait(50);
    expect(offered()).toEqual(["Resume", "Cancel"]);
  });

  test("cancel is confirmed in place, and can be left", async () => {
    const { kernel } = await open();
    press("Cancel");
    expect(document.activeElement?.textContent).toBe("Keep running");
    key("Escape");
    expect($(".bnb-ask").hidden).toBe(true);
    expect(document.activeElement?.textContent).toBe("Cancel");
    expect(sent(kernel, "cmd")).toEqual([]);
    press("Cancel");
    press("Cancel the run");
    expect(sent(kernel, "cmd")).toEqual([{ kind: "cmd", op: expect.any(String), cmd: "cancel", args: {} }]);
    expect(buttons("Cancel")[0]?.disabled).toBe(true);
    await wait(100);
    expect(buttons("Cancel")[0]?.disabled).toBe(false);
  });

  test("a higher limit is asked for in place, with what held jobs need filled in", async () => {
    const { kernel } = await open("held");
    press("Raise limit…");
    const input = $<HTMLInputElement>(".bnb-ask input");
    expect(input.value).toBe("6.20");
    input.value = "4";
    press("Raise");
    expect($(".bnb-ask [role=alert]").textContent).toBe("The new limit must be above $5.00.");
    input.value = "7.5";
    key("Enter", input);
    expect(sent(kernel, "cmd")[0]).toMatchObject({ cmd: "raise_limit", args: { usd: "7.5" } });
  });

  test("failures are retried by cause, or all together", async () => {
    const { kernel } = await open("failed");
    press("Retry with the reason");
    press("Retry failed");
    expect(sent(kernel, "cmd").map(({ cmd, args }) => [cmd, args])).toEqual([["retry_failed", { kind: "invalid_output" }], ["retry_failed", {}]]);
    expect([buttons("Retry").length, buttons("Retry with the reason").length]).toEqual([1, 1]); // a refusal cannot be retried
  });

  test("answers that were cut say where, and are retried with more room", async () => {
    const [group] = cut.errors as [Bag];
    const { kernel } = await open("failed", cut);
    expect($(".bnb-errors li").textContent).toBe("37 ×truncatedoutput cut at 1,000 tokensRetry with 4,000");
    kernel.set("summary", summaryOf("failed", { rev: 2, errors: [{ ...group, more: 9000 }] }));
    await wait(50);
    press("Retry with 9,000");
    expect(sent(kernel, "cmd")[0]).toMatchObject({ cmd: "retry_failed", args: { kind: "truncated", max_tokens: 9000 } });
    kernel.set("summary", summaryOf("failed", { rev: 3, errors: [{ ...group, more: 9000, retry: false }] }));
    await wait(50);
    expect(buttons("Retry with 9,000")).toEqual([]); // the model gives no more
  });

  test("a cause that is gone is shown alone no longer", async () => {
    const { kernel } = await open("failed");
    press("provider error");
    await wait(100);
    kernel.set("summary", summaryOf("finished", { rev: 2, errors: [] }));
    await wait(2500);
    expect(sent(kernel, "rows").at(-1)).toMatchObject({ cause: null });
    expect(all("tbody tr").length).toBeGreaterThan(0);
  });

  test("a cause shows its jobs, and shows all again", async () => {
    const { kernel } = await open("failed");
    press("provider error");
    await wait(100);
    expect(sent(kernel, "rows").at(-1)).toMatchObject({ cause: "provider_error", state: null, start: 0 });
    expect(all("tbody tr").every((row) => row.classList.contains("bnb-is-errored"))).toBe(true);
    expect(buttons("provider error")[0]?.getAttribute("aria-pressed")).toBe("true");
    press("only provider error ×");
    await wait(100);
    expect(sent(kernel, "rows").at(-1)).toMatchObject({ cause: null, state: null });
    expect(buttons("provider error")[0]?.getAttribute("aria-pressed")).toBe("false");
    press("provider error");
    $<HTMLElement>(".bnb-key.bnb-is-errored").click();
    await wait(100);
    expect(sent(kernel, "rows").at(-1)).toMatchObject({ cause: null, state: "errored" });
  });

  describe("a submission of which no answer came", () => {
    test("says that it is not known, and that nothing of it is sent", async () => {
      await open("running", lost());
      expect($(".bnb-lost li").textContent).toContain("Not knownwhether Anthropic accepted 20 jobs; they are not sent meanwhile.");
    });

    test("can be declared as never accepted, once that is confirmed in place", async () => {
      const { kernel } = await open("running", lost());
      press("It was not…");
      expect($(".bnb-lost .bnb-ask").textContent).toContain("Send its 20 jobs again? If Anthropic did accept it, they are paid twice.");
      expect(document.activeElement?.textContent).toBe("Leave it");
      key("Escape");
      expect(sent(kernel, "cmd")).toEqual([]);
      press("It was not…");
      press("Send again");
      expect(sent(kernel, "cmd")[0]).toMatchObject({ cmd: "reconcile", args: { never_accepted: true, tag: "t-1" } });
    });

    test("can be named, with the batch that it may be put in", async () => {
      const { kernel } = await open("running", lost());
      press("It was accepted…");
      press("This is it");
      expect($(".bnb-lost [role=alert]").textContent).toBe("Copy the id from Anthropic's console.");
      press("Leave it");
      kernel.set("summary", summaryOf("running", { rev: 2, ...lost(["msgbatch_7"]) }));
      await wait(50);
      expect($(".bnb-lost li").textContent).toContain("It may be msgbatch_7");
      press("It was accepted…");
      key("Enter", $(".bnb-lost input"));
      expect(sent(kernel, "cmd").map(({ cmd, args }) => [cmd, args])).toEqual([["reconcile", { batch_id: "msgbatch_7", tag: "t-1" }]]);
    });

    test("is decided where the run is driven, and gone once it is settled", async () => {
      const { kernel } = await open("running", { ...lost(), driver: false });
      expect(all(".bnb-lost button").filter(shown)).toEqual([]);
      kernel.set("summary", summaryOf("running", { rev: 2 }));
      await wait(50);
      expect(shown($(".bnb-lost"))).toBe(false);
    });
  });

  test("a command without an answer for 0.7 s says that the kernel is busy, until it is done", async () => {
    const { kernel } = await open();
    kernel.awake = false;
    press("Pause");
    await wait(600);
    expect(shown($(".bnb-status"))).toBe(false);
    await wait(200);
    expect($(".bnb-status").textContent).toBe("Kernel busy: this will be done when the cell ends or is interrupted.");
    kernel.wake();
    await wait(100);
    expect(shown($(".bnb-status"))).toBe(false);
  });

  test("a command that is refused shows the kernel's words", async () => {
    const { kernel } = await open();
    kernel.awake = false;
    press("Pause");
    kernel.push({ kind: "ack", op: sent(kernel, "cmd")[0]?.op, error: "Another kernel drives this run." });
    await wait(10);
    expect($(".bnb-status").textContent).toBe("Another kernel drives this run.");
    expect(buttons("Pause")[0]?.disabled).toBe(false);
  });

  test("a finished run folds to one line and opens again", async () => {
    const { kernel } = await open();
    kernel.set("summary", summaryOf("finished", { rev: 2 }));
    await wait(50);
    expect($(".bnb-words").textContent).toBe("398 of 400 succeeded, 2 invalid · $1.83 spent · $1.83 saved · 12 min 34 s");
    expect(shown($(".bnb-body"))).toBe(false);
    press("Details");
    expect(shown($(".bnb-body"))).toBe(true);
    expect(buttons("Fewer details")[0]?.getAttribute("aria-expanded")).toBe("true");
  });

  test("a run that stopped keeps its reason and its failures in sight", async () => {
    await open("failed");
    expect($(".bnb-words").textContent).toContain("ANTHROPIC_API_KEY was refused");
    expect(shown($(".bnb-errors"))).toBe(true);
  });

  test("when nothing is heard for 2 s it asks, and takes the answer", async () => {
    const { kernel } = await open();
    expect(sent(kernel, "pull")).toHaveLength(0);
    await wait(1500);
    expect(sent(kernel, "pull")).toHaveLength(0);
    vi.spyOn(kernel, "get").mockReturnValue(summaryOf("running", { rev: 9, words: "Collecting results" }));
    await wait(2000);
    expect(sent(kernel, "pull")).toHaveLength(1);
    expect($(".bnb-words").textContent).toBe("Collecting results");
  });

  test("a busy kernel is asked once, not again and again, and its silence is said", async () => {
    const { kernel } = await open();
    kernel.awake = false;
    await wait(18_000);
    expect(sent(kernel, "pull")).toHaveLength(1);
    expect($(".bnb-status").textContent).toMatch(/^Kernel busy|has not answered/);
  });

  test("what a busy kernel was asked is done when it answers, however late", async () => {
    const { kernel } = await open();
    kernel.awake = false;
    $<HTMLInputElement>("input[type=search]").value = "a";
    $("input[type=search]").dispatchEvent(new Event("input"));
    await wait(1200);
    expect($(".bnb-status").textContent).toBe("Kernel busy: what you asked for appears when the cell ends.");
    press("Cancel");
    press("Cancel the run");
    await wait(900);
    expect($(".bnb-status").textContent).toBe("Kernel busy: this will be done when the cell ends or is interrupted.");
    for (let rev = 2; rev < 92; rev++) {
      kernel.set("summary", summaryOf("running", { rev })); // threads go on while a cell runs
      await wait(1000);
    }
    expect($(".bnb-status").textContent).toBe("Kernel busy: this will be done when the cell ends or is interrupted.");
    expect(all(".bnb-wrong").filter(shown)).toEqual([]);
    kernel.wake();
    await wait(300);
    expect(shown($(".bnb-status"))).toBe(false);
    expect(sent(kernel, "cmd")).toHaveLength(1);
    expect(all("tbody tr").length).toBeGreaterThan(0);
  });

  test("a result that does not come at once is said to be asked for", async () => {
    const { kernel } = await open();
    kernel.awake = false;
    all("tbody tr")[0]?.click();
    await wait(300);
    expect(el.textContent).not.toContain("Asking the kernel for this result");
    await wait(300);
    expect(el.textContent).toContain("Asking the kernel for this result…");
    kernel.wake();
    await wait(100);
    expect(el.textContent).not.toContain("Asking the kernel for this result");
    expect(shown($(".bnb-field"))).toBe(true);
  });

  test("a question is lost where a later one was answered", async () => {
    const { kernel } = await open("finished");
    const send = kernel.send.bind(kernel);
    vi.spyOn(kernel, "send").mockImplementation((content) => ((content as Bag).kind === "rows" ? undefined : send(content)));
    all<HTMLButtonElement>("th button")[0]?.click();
    await wait(45_000);
    expect(all(".bnb-wrong").filter(shown).map((node) => node.textContent)).toEqual(["The kernel did not answer."]);
    expect(shown($(".bnb-status"))).toBe(false);
  });

  test("a restarted kernel is told by the host, also under a finished run and a single result", async () => {
    const { kernel } = await open("finished");
    kernel.end();
    expect($(".bnb-status").textContent).toContain("%batchata attach r-7f3a --as invoices");
    el.replaceChildren();
    const other = new DemoKernel({ detail: { ...resultOf(0, "succeeded"), run_id: "r-7f3a", run: "invoices", view: "r-7f3a-0" } });
    resultView.render({ model: other, el });
    await wait(100);
    expect(shown($(".bnb-status"))).toBe(false);
    other.end();
    expect($(".bnb-status").textContent).toBe("This view belongs to a kernel that has ended. The result is kept: %batchata attach r-7f3a --as invoices, then run this cell again.");
  });

  test("silence is taken back when the end of the run arrives", async () => {
    const { kernel } = await open();
    kernel.awake = false;
    await wait(18_000);
    expect(shown($(".bnb-status"))).toBe(true);
    kernel.set("summary", summaryOf("finished", { rev: 2 }));
    await wait(50);
    expect(shown($(".bnb-status"))).toBe(false);
  });

  test("a finished run asks for nothing", async () => {
    const { kernel } = await open("finished");
    await wait(30_000);
    expect(kernel.sent.map((message) => message.kind)).toEqual(["rows"]);
  });

  test("an answer that a push has overtaken is not shown", async () => {
    const { kernel } = await open("running", { rev: 5 });
    vi.spyOn(kernel, "get").mockReturnValue(summaryOf("running", { rev: 4, words: "old news" }));
    await wait(4000);
    expect(sent(kernel, "pull").length).toBeGreaterThan(0);
    expect($(".bnb-words").textContent).toBe("Waiting for 2 batches at Anthropic");
  });

  test("elapsed time goes on between summaries", async () => {
    const { kernel } = await open();
    kernel.set("summary", summaryOf("running", { rev: 2 }));
    await wait(1900);
    expect($(".bnb-fact-time .bnb-figure").textContent).toMatch(/^12 min 3[56] s$/);
  });

  test("two views of one model are independent", async () => {
    const { kernel, close } = await open();
    const second = document.createElement("div");
    document.body.append(second);
    const closeSecond = dashboard.render({ model: kernel, el: second });
    await wait(100);
    expect(second.querySelectorAll("tbody tr")).toHaveLength(50);
    close();
    kernel.set("summary", summaryOf("running", { rev: 2, words: "Sending" }));
    await wait(50);
    expect(el.childElementCount).toBe(0);
    expect(second.querySelector(".bnb-words")?.textContent).toBe("Sending");
    closeSecond();
  });

  test("closing lets go of model, timers and images, by the returned function and by the signal", async () => {
    const { kernel, close } = await openRow();
    close();
    close();
    expect(kernel.listening).toBe(0);
    expect(urls.gone).toBe(urls.made);
    expect(vi.getTimerCount()).toBe(0);
    const end = new AbortController();
    dashboard.render({ model: kernel, el, signal: end.signal });
    await wait(100);
    end.abort();
    expect(kernel.listening).toBe(0);
    expect(el.childElementCount).toBe(0);
    expect(vi.getTimerCount()).toBe(0);
  });

  test("an error while drawing is shown in the cell", () => {
    const broken = new DemoKernel({});
    vi.spyOn(broken, "on").mockImplementation(() => {
      throw new Error("<b>no comm</b>");
    });
    dashboard.render({ model: broken, el });
    expect(el.textContent).toBe("This view could not be drawn: Error: <b>no comm</b>");
  });

  test("a kernel that has ended is no error of the view", async () => {
    const { kernel } = await open();
    vi.spyOn(kernel, "send").mockImplementation(() => {
      throw new Error("the comm is closed");
    });
    expect(shown($(".bnb-actions"))).toBe(true);
    await wait(5_000);
    expect($(".bnb-status").textContent).toBe("This view belongs to a kernel that has ended. The run is kept: run its cell again (nothing is paid twice), or %batchata attach r-7f3a --as invoices.");
    expect(shown($(".bnb-actions"))).toBe(false);
    all("tbody tr")[0]?.click();
    await wait(100);
    expect(el.textContent).toContain("The kernel of this view has ended.");
    expect(el.textContent).not.toContain("comm");
  });

  test("nothing is said of a busy kernel while nobody waits for it", async () => {
    const { kernel } = await open();
    kernel.awake = false;
    for (let rev = 2; rev < 12; rev++) {
      kernel.set("summary", summaryOf("running", { rev }));
      await wait(1000);
    }
    expect(shown($(".bnb-status"))).toBe(false);
  });

  test("shortcuts of the notebook are kept off", async () => {
    await open();
    expect($(".bnb").getAttribute("data-lm-suppress-shortcuts")).toBe("true");
  });
});

describe("table", () => {
  const last = (kernel: DemoKernel) => sent(kernel, "rows").at(-1) ?? {};

  test("asks for one page and shows it", async () => {
    const { kernel } = await open();
    expect(sent(kernel, "rows")).toMatchObject([{ start: 0, n: 50, state: null, text: null, order: null }]);
    expect(all("tbody tr")).toHaveLength(50);
    expect($(".bnb-tools .bnb-range").textContent).toBe("1–50 of 400");
  });

  test("turns pages", async () => {
    const { kernel } = await open();
    $("[aria-label='Next page']").click();
    await wait(100);
    expect(last(kernel)).toMatchObject({ start: 50 });
    expect($(".bnb-tools .bnb-range").textContent).toBe("51–100 of 400");
  });

  test("filters by state from the legend and from the list, and shows each failure's cause", async () => {
    const { kernel } = await open();
    $(".bnb-key.bnb-is-errored").click();
    await wait(100);
    expect(last(kernel)).toMatchObject({ state: "errored", start: 0 });
    expect($("tbody tr").textContent).toContain("provider error: Anthropic answered 500");
    expect($(".bnb-key.bnb-is-errored").getAttribute("aria-pressed")).toBe("true");
    expect($<HTMLSelectElement>("select").value).toBe("errored");
    $<HTMLSelectElement>("select").value = "";
    $("select").dispatchEvent(new Event("change"));
    await wait(100);
    expect(last(kernel)).toMatchObject({ state: null });
    expect($(".bnb-key.bnb-is-errored").getAttribute("aria-pressed")).toBe("false");
  });

  test("searches when the typing has stopped", async () => {
    const { kernel } = await open();
    const box = $<HTMLInputElement>("input[type=search]");
    for (const text of ["k", "ke", "kestrel"]) {
      box.value = text;
      box.dispatchEvent(new Event("input"));
      await wait(100);
    }
    await wait(400);
    expect(sent(kernel, "rows")).toHaveLength(2);
    expect(last(kernel)).toMatchObject({ text: "kestrel", start: 0 });
  });

  test("sorts by a column", async () => {
    const { kernel } = await open();
    const vendor = () => all("th").find((node) => node.textContent === "vendor");
    vendor()?.querySelector("button")?.click();
    await wait(100);
    expect(last(kernel)).toMatchObject({ order: { by: "field:vendor", desc: false } });
    expect(vendor()?.getAttribute("aria-sort")).toBe("ascending");
  });

  test("asks again when rows changed, at most once a second", async () => {
    const { kernel } = await open();
    for (let rev = 2; rev < 42; rev++) {
      kernel.set("summary", summaryOf("running", { rev }));
      await wait(50);
    }
    expect(sent(kernel, "rows").length).toBeLessThanOrEqual(4);
    expect(sent(kernel, "rows").length).toBeGreaterThanOrEqual(3);
    const before = sent(kernel, "rows").length;
    await wait(1500);
    expect(sent(kernel, "rows").length).toBeLessThanOrEqual(before + 1);
  });

  test("keeps nodes and focus when rows come again", async () => {
    const { kernel } = await open();
    const row = all("tbody tr")[3];
    row?.focus();
    kernel.set("summary", summaryOf("running", { rev: 2 }));
    await wait(1500);
    expect(all("tbody tr")[3]).toBe(row);
    expect(document.activeElement).toBe(row);
  });

  test("is walked with the arrow keys", async () => {
    await open();
    all("tbody tr")[0]?.focus();
    key("ArrowDown");
    key("ArrowDown");
    expect(document.activeElement).toBe(all("tbody tr")[2]);
    key("ArrowUp");
    expect(document.activeElement).toBe(all("tbody tr")[1]);
    key("End");
    await wait(100);
    expect(document.activeElement).toBe(all("tbody tr").at(-1));
    expect(document.activeElement?.getAttribute("aria-rowindex")).toBe("401");
    expect(all("tbody tr").filter((row) => row.tabIndex === 0)).toHaveLength(1);
  });

  test("names the calls that take results out", async () => {
    await open();
    expect(shown($(".bnb-export"))).toBe(false);
    press("Export");
    expect(all(".bnb-export code").map((node) => node.textContent)).toEqual(["invoices.to_df()", 'invoices.export_html("invoices.html")']);
    press("Export");
    expect(shown($(".bnb-export"))).toBe(false);
  });

  test("writes files where the kernel is, and says where they went, or why not", async () => {
    const { kernel } = await open();
    press("Export");
    await wait(100);
    press("Parquet");
    await wait(100);
    expect(sent(kernel, "export").map((message) => message.format)).toEqual([undefined, "parquet"]);
    expect($(".bnb-export [role=status]").textContent).toBe("400 results, 85 KB, are in /notebooks/invoices.parquet");
    vi.spyOn(kernel, "send").mockImplementation((content) => {
      const { op, kind } = content as { op: string; kind: string };
      kernel.push({ kind, op, error: "Nothing can be written in /: Permission denied." });
    });
    press("CSV");
    await wait(100);
    expect($(".bnb-export [role=status]").textContent).toContain("Permission denied");
  });

  test("a name that is no name in code is not put into code", async () => {
    await open("running", { name: 'x"); import os' });
    expect($(".bnb-export code").textContent).toBe("run.to_df()");
  });

  test("shows an error of the kernel", async () => {
    const { kernel } = await open();
    kernel.awake = false;
    $("[aria-label='Next page']").click();
    kernel.push({ kind: "rows", op: last(kernel).op, error: "the store is locked" });
    await wait(10);
    expect($(".bnb-results > .bnb-wrong").textContent).toBe("the store is locked");
  });

  test("an answer that comes late is not shown over a newer one", async () => {
    const { kernel } = await open();
    kernel.awake = false;
    $("[aria-label='Next page']").click();
    const first = last(kernel).op;
    $(".bnb-key.bnb-is-errored").click();
    kernel.push({ kind: "rows", op: last(kernel).op, rev: 1, total: 1, start: 0, columns: [], rows: [{ row: 7, id: "newer", state: "errored" }] });
    kernel.push({ kind: "rows", op: first, rev: 1, total: 1, start: 0, columns: [], rows: [{ row: 8, id: "older", state: "errored" }] });
    await wait(10);
    expect(all("tbody tr").map((row) => row.dataset.row)).toEqual(["7"]);
  });
});

describe("evidence", () => {
  test("a row opens its fields beside the page, with the cited place marked", async () => {
    const { kernel } = await openRow();
    expect(sent(kernel, "result")).toMatchObject([{ row: 0 }]);
    expect(sent(kernel, "page")).toMatchObject([{ row: 0, document: 0, page: 1, scale: 1.5 }]);
    expect(all(".bnb-field-name").map((node) => node.textContent)).toEqual(["invoice_number", "total_amount", "vendor", "payment_status", "due_date", "item", "amount"]);
    expect(all(".bnb-mark.bnb-active")).toHaveLength(1);
    expect($(".bnb-mark.bnb-active").style.top).toMatch(/^15\.\d+%$/);
    expect($<HTMLImageElement>(".bnb-page-image").src).toBe("blob:test/1");
    expect(shown($(".bnb-results"))).toBe(false);
  });

  test("a result without documents offers no way through citations, and blames no document", async () => {
    const { kernel } = await open();
    kernel.awake = false;
    all("tbody tr")[0]?.click();
    await wait(10);
    kernel.push({ kind: "result", op: sent(kernel, "result").at(-1)?.op, result: { row: 0, id: "a", state: "succeeded", raw: "good", fields: [{ path: "mood", value: "good", citations: [] }], documents: [] } });
    await wait(100);
    expect(shown($("[aria-label^='Next citation']"))).toBe(false);
    expect($(".bnb-evidence").textContent).toBe("no document to look in");
  });

  test("a click on a value opens the evidence of that value, also in a row that was open before", async () => {
    await open();
    const press = async (path: string): Promise<string | undefined> => {
      const at = all("thead th").findIndex((head) => head.textContent === path);
      expect(at).not.toBe(-1);
      ($<HTMLTableRowElement>("tbody tr").cells[at] as HTMLElement).click();
      await wait(100);
      const name = $(".bnb-field.bnb-active .bnb-field-name").textContent;
      $(".bnb-back").click();
      await wait(100);
      return name;
    };
    expect(await press("vendor")).toBe("vendor");
    expect(await press("total_amount")).toBe("total_amount");
    expect(await press("State")).toBe("total_amount"); // where one was
  });

  test("n and p go through the citations, over documents", async () => {
    const { kernel } = await openRow();
    key("n", $(".bnb-view"));
    await wait(100);
    expect($(".bnb-field.bnb-active .bnb-field-name").textContent).toBe("total_amount");
    key("n", $(".bnb-view"));
    await wait(100);
    expect(sent(kernel, "text")).toMatchObject([{ row: 0, document: 1 }]);
    expect($("mark.bnb-active").textContent).toBe("1.234,50 €");
    key("p", $(".bnb-view"));
    await wait(100);
    expect(shown($(".bnb-page-image"))).toBe(true);
    expect(sent(kernel, "page")).toHaveLength(1); // kept, not asked for again
  });

  test("evidence in two pieces is marked in two places", async () => {
    await openRow();
    all(".bnb-field-name")[3]?.click();
    await wait(100);
    expect(all(".bnb-mark.bnb-active")).toHaveLength(2);
  });

  test("a box on the page selects its field", async () => {
    await openRow();
    all(".bnb-mark").find((node) => node.getAttribute("aria-label")?.includes("Northwind"))?.click();
    await wait(100);
    expect($(".bnb-field.bnb-active .bnb-field-name").textContent).toBe("vendor");
  });

  test("a field without evidence says so and marks nothing", async () => {
    await openRow();
    all(".bnb-field-name")[4]?.click();
    await wait(100);
    expect($(".bnb-field.bnb-active").textContent).toContain("no value, so nothing to look for");
    expect(all(".bnb-mark.bnb-active")).toHaveLength(0);
  });

  test("a place that could not be found on the page stands in words", async () => {
    const detail = { ...resultOf(0, "succeeded"), fields: [{ path: "a", value: "b", citations: [{ document: 0, page: 2, text: "the words", rects: [] }] }] };
    resultView.render({ model: new DemoKernel({ detail }), el });
    await wait(100);
    expect($(".bnb-unmarked").textContent).toBe("This place could not be marked. The words are: the words");
    expect($<HTMLImageElement>(".bnb-page-image").alt).toBe("Page 2 of 3");
  });

  test("zooms, and asks for a sharper page where there is need", async () => {
    const { kernel } = await openRow();
    Object.defineProperty($(".bnb-sheet"), "clientWidth", { value: 1400 });
    key("+", $(".bnb-view"));
    await wait(100);
    expect($(".bnb-sheet").style.width).toContain("1.5");
    expect($(".bnb-zoom").textContent).toBe("150 %");
    expect(sent(kernel, "page").at(-1)).toMatchObject({ scale: 3 });
    key("0", $(".bnb-view"));
    expect($(".bnb-zoom").textContent).toBe("Fit");
  });

  test("turns pages within the document", async () => {
    const { kernel } = await openRow();
    key("[", $(".bnb-view"));
    key("]", $(".bnb-view"));
    await wait(100);
    expect(sent(kernel, "page").at(-1)).toMatchObject({ page: 2 });
    expect($<HTMLButtonElement>("[aria-label='Previous page']:not([hidden])")).toBeTruthy();
  });

  test("the raw answer is one click away", async () => {
    await openRow();
    press("Raw answer");
    expect(shown($(".bnb-raw"))).toBe(true);
    expect($(".bnb-raw").textContent).toContain('"invoice_number": "INV-2026-1001"');
    press("Document");
    expect(shown($(".bnb-raw"))).toBe(false);
    key("r", $(".bnb-view"));
    expect(shown($(".bnb-raw"))).toBe(true);
    expect($(".bnb-result-facts").textContent).toBe("claude-sonnet-5-5 · $0.0042 · 1,874 tokens in, 96 out · 2 attempts");
  });

  test("Escape goes back to the row", async () => {
    await openRow(2);
    key("Escape", $(".bnb-view"));
    await wait(100);
    expect(shown($(".bnb-results"))).toBe(true);
    expect(document.activeElement).toBe(all("tbody tr")[2]);
  });

  test("the next result follows, over the end of the page too", async () => {
    const { kernel } = await openRow(49);
    $("[aria-label='Next result']").click();
    await wait(200);
    expect(sent(kernel, "rows").at(-1)).toMatchObject({ start: 50 });
    expect(sent(kernel, "result").at(-1)).toMatchObject({ row: 50 });
  });

  test("a job that has not ended is asked for again when the run moves on", async () => {
    const { kernel } = await open();
    $(".bnb-key.bnb-is-running").click();
    await wait(100);
    all("tbody tr")[0]?.click();
    await wait(100);
    kernel.set("summary", summaryOf("running", { rev: 2 }));
    await wait(1200);
    expect(sent(kernel, "result")).toHaveLength(2);
  });

  test("a page that cannot be had says why", async () => {
    const kernel = new DemoKernel({ detail: resultOf(0, "succeeded") });
    kernel.awake = false;
    resultView.render({ model: kernel, el });
    kernel.push({ kind: "page", op: sent(kernel, "page")[0]?.op, error: "scan_001.pdf is no longer there" });
    await wait(10);
    expect($(".bnb-pane .bnb-empty").textContent).toBe("scan_001.pdf is no longer there");
  });

  test("an image of an unknown type is not shown", async () => {
    const kernel = new DemoKernel({ detail: resultOf(0, "succeeded") });
    kernel.awake = false;
    resultView.render({ model: kernel, el });
    kernel.push({ kind: "page", op: sent(kernel, "page")[0]?.op, mime: "image/svg+xml", width: 1, height: 1 }, [new DataView(new ArrayBuffer(4))]);
    await wait(10);
    expect(urls.made).toBe(0);
  });

  test("a result without documents shows its answer", async () => {
    resultView.render({ model: new DemoKernel({ detail: { ...resultOf(0, "succeeded"), documents: [], fields: [], raw: "plain words" } }), el });
    expect($(".bnb-raw").textContent).toBe("plain words");
    expect(shown($(".bnb-raw"))).toBe(true);
  });
});

describe("untrusted text", () => {
  const tags = () => new Set(all("*").map((node) => node.localName));

  test.each(PAYLOADS)("%j stays text everywhere", async (payload) => {
    const calm = await open();
    all("tbody tr")[0]?.click();
    await wait(200);
    const known = tags();
    calm.close();

    const kernel = new DemoKernel({ summary: poison(summaryOf("failed"), payload) });
    vi.spyOn(kernel, "rows").mockReturnValue([poison({ ...calm.kernel.rows()[0], state: "errored" }, payload) as Bag, poison(calm.kernel.rows()[1], payload) as Bag]);
    vi.spyOn(kernel, "result").mockReturnValue({ ...(poison(resultOf(0, "succeeded"), payload) as Bag), documents: [{ name: payload, kind: "pdf", pages: 1 }, { name: payload, kind: "text" }] });
    dashboard.render({ model: kernel, el });
    await wait(200);
    expect(el.textContent).toContain(visible(payload));
    all("tbody tr")[1]?.click();
    await wait(200);
    expect(all(".bnb-field").length).toBeGreaterThan(0);
    expect([...tags()].filter((tag) => !known.has(tag) && !["details", "time", "summary"].includes(tag))).toEqual([]);
    expect(el.querySelector("[onerror], [onload], [srcdoc], a[href^='javascript']")).toBeNull();
    expect(HIDDEN.test(el.textContent ?? "")).toBe(false);
    for (const node of all("*")) {
      for (const name of node.getAttributeNames()) expect(HIDDEN.test(node.getAttribute(name) ?? "")).toBe(false);
    }
    expect((globalThis as Record<string, unknown>).PWNED).toBeUndefined();
  });

  test("only a web address becomes a link, and it opens apart", async () => {
    const fields = ["https://example.org/x", "javascript:alert(1)"].map((value, i) => ({ path: `f${i}`, value, citations: [] }));
    resultView.render({ model: new DemoKernel({ detail: { ...resultOf(0, "succeeded"), fields } }), el });
    const links = all("a") as HTMLAnchorElement[];
    expect(links.map((link) => [link.href, link.rel, link.target])).toEqual([["https://example.org/x", "noopener noreferrer", "_blank"]]);
  });

  test("a huge value is cut, and shown whole on request", async () => {
    const fields = [{ path: "a", value: "x".repeat(50_000), citations: [] }];
    resultView.render({ model: new DemoKernel({ detail: { ...resultOf(0, "succeeded"), fields } }), el });
    expect($(".bnb-value").textContent?.length).toBeLessThan(1500);
    press("Show all 50,000 characters");
    expect($(".bnb-value").textContent).toHaveLength(50_000);
  });
});
