import { describe, expect, test } from "vitest";
import { about, count, dollars, duration, percent, plural, timeOfDay } from "../src/pure/format.ts";
import { boxesOn, fieldAt, fieldGroups, placesOf, scaleFor, spansOf, whereOf } from "../src/pure/places.ts";
import { cellText, columnsOf, nextOrder, PAGE, padding, pageStart, rangeLabel, rowNote, rowsRequest } from "../src/pure/rows.ts";
import type { Bag } from "../src/pure/guards.ts";
import { facts, folds, moneyBar, oneLine, segments, timeLeft } from "../src/pure/segments.ts";
import { JOB_STATES, readResult, readRows, readSummary } from "../src/pure/snapshot.ts";
import { clip, safeLink, visible } from "../src/pure/visible.ts";
import { waitsFor } from "../src/parts/batches.ts";
import { readLimit } from "../src/parts/actions.ts";
import { LETTER, resultOf, rowOf, summaryOf } from "../demo/fixtures.ts";

describe("visible text", () => {
  test.each([
    ["a\tb\nc", "a\tb\nc"],
    ["a\r\nb\rc", "a\nb\nc"],
    ["\x1b[31m", "\\x1b[31m"],
    ["\x9b2J", "\\x9b2J"],
    ["\u202etxt", "\\u202etxt"],
    ["a\u200bb\ufeff", "a\\u200bb\\ufeff"],
    ["pass\u200dword", "pass\\u200dword"],
    ["\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645", "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645"],
    ["\u{1f469}\u200d\u{1f680}", "\u{1f469}\u200d\u{1f680}"],
    ["\u{e0041}", "\\u{e0041}"],
    ["\ud83d", "\\ud83d"],
  ])("%j reads %j", (text, shown) => {
    expect(visible(text)).toBe(shown);
  });

  test("a cut never splits a character", () => {
    expect(clip("ab😀cd", 4)).toBe("ab…");
    expect(clip("abcd", 4)).toBe("abcd");
    expect(clip("abcde", 4)).toBe("abc…");
  });

  test("only web and mail addresses become links", () => {
    expect(safeLink(" https://example.org/a?b=1 ")).toBe("https://example.org/a?b=1");
    expect(safeLink("mailto:a@example.org")).toBe("mailto:a@example.org");
    for (const text of ["javascript:alert(1)", "data:text/html,x", "//example.org", "see https://example.org", "https://", "https://a\u202eb.org", "java\nscript:x"]) {
      expect(safeLink(text)).toBeNull();
    }
  });
});

describe("numbers", () => {
  test.each([
    ["0", "$0"], ["0.00001", "<$0.0001"], ["0.0123", "$0.0123"], ["0.40", "$0.40"], ["0.006", "$0.0060"],
    ["0.99999", "$1.00"], ["1234.5", "$1,234.50"], ["x", "unknown"],
  ])("%s dollars read %s", (amount, shown) => {
    expect(dollars(amount)).toBe(shown);
  });

  test.each([[0, "0 s"], [75, "1 min 15 s"], [7200, "2 h"], [7260, "2 h 1 min"], [100_000, "1 d 3 h"], [-3, "0 s"]])("%d s read %s", (seconds, shown) => {
    expect(duration(seconds)).toBe(shown);
  });

  test.each([[5, "under a minute"], [61, "about 2 min"], [3599, "about 1 h"], [3700, "about 1 h 10 min"]])("%d s left read %s", (seconds, shown) => {
    expect(about(seconds)).toBe(shown);
  });

  test("percent is 100 only when nothing is missing, and 0 only when nothing is there", () => {
    expect([percent(0, 10), percent(1, 10_000), percent(9_999, 10_000), percent(5, 5), percent(1, 0)]).toEqual(["0 %", "1 %", "99 %", "100 %", "0 %"]);
  });

  test("counts", () => {
    expect([count(1234567), plural(1, "job"), plural(2, "job")]).toEqual(["1,234,567", "1 job", "2 jobs"]);
  });

  test("a time that cannot be read is left out", () => {
    expect(timeOfDay("nonsense")).toBe("");
    expect(timeOfDay("2026-11-22T10:02:11+00:00")).toMatch(/^\d\d:\d\d:11$/);
  });
});

describe("summary", () => {
  test("what is missing or of a wrong type gets a calm default", () => {
    for (const raw of [undefined, null, 7, [], {}, { counts: 3, batches: [], errors: "x", can: ["rm"], state: "odd" }]) {
      const s = readSummary(raw);
      expect([s.state, s.total, s.can, s.errors, s.batches.list]).toEqual(["planning", 0, [], [], []]);
      expect(facts(s, 0)).toHaveLength(4);
      expect(segments(s.counts, s.total)).toEqual([]);
    }
  });

  test("segments add up to the whole and keep their order", () => {
    const s = readSummary(summaryOf("running"));
    const parts = segments(s.counts, s.total);
    expect(parts.map((part) => part.state)).toEqual(["succeeded", "invalid", "errored", "running", "submitting", "pending"]);
    expect(parts.reduce((sum, part) => sum + part.share, 0)).toBeCloseTo(1);
    expect(parts[0]?.label).toBe("212 succeeded, 53 %");
  });

  test("jobs that are not counted yet leave room in the bar", () => {
    const counts = { ...readSummary({}).counts, succeeded: 1 };
    expect(segments(counts, 4)[0]?.share).toBe(0.25);
  });

  test("the figures of a running run", () => {
    const s = readSummary(summaryOf("running"));
    expect(facts(s, 100, new Date(2026, 10, 22, 14, 3)).map((fact) => `${fact.label}: ${fact.value} (${fact.note})`)).toEqual([
      "Ended: 219 of 400 (55 %, 60 of them reused for free)",
      "Spent: $1.83 (37 % of the $5.00 limit)",
      "Saved: $1.83 (against real-time prices)",
      "Elapsed: 1 min 40 s (about 19 min left, near 14:21)",
    ]);
  });

  test("practice never claims that money was spent", () => {
    const s = readSummary(summaryOf("finished", { practice: true, reused: 60 }));
    expect(facts(s, 0).map((fact) => fact.label)).toEqual(["Ended", "Would cost", "Would save", "Elapsed"]);
    expect(oneLine(s)).toContain("60 reused for free · $1.83 would be spent");
  });

  test("an unknown price is said, and draws no bar", () => {
    const s = readSummary(summaryOf("running", { money: { spent: "0", reserved: "0", limit: "5", saved: null, known: false } }));
    expect(facts(s, 0)[1]).toMatchObject({ value: "unknown", note: "no price is known for this model" });
    expect(moneyBar(s.money)).toBeNull();
  });

  test("prompt caching says what it saved, or that it did not pay", () => {
    const note = (cached?: string) => {
      const money = { spent: "1", reserved: "0", limit: null, saved: "1", known: true, ...(cached ? { cached } : {}) };
      return facts(readSummary(summaryOf("running", { money })), 0)[2]?.note;
    };
    expect(note()).toBe("against real-time prices");
    expect(note("0.25")).toBe("against real-time prices; $0.25 more by prompt caching");
    expect(note("-0.0042")).toBe("against real-time prices; prompt caching cost $0.0042 more than it saved");
  });

  test("the bar of money never leaves its frame", () => {
    const bar = moneyBar({ spent: "4", reserved: "4", limit: "5", saved: null, cached: "0", known: true });
    expect(bar?.parts.map(({ kind, share, amount }) => [kind, share, amount])).toEqual([["spent", 0.5, "$4.00"], ["reserved", 0.5, "$4.00"], ["free", 0, "$0"]]);
    expect(moneyBar({ spent: "1", reserved: "0", limit: null, saved: null, cached: "0", known: true })).toBeNull();
  });

  test("the end is told by what batches did, by earlier ones, or not at all", () => {
    const now = new Date(2026, 10, 22, 14, 3);
    const note = (changes: Bag): string => timeLeft(readSummary(summaryOf("running", { eta: null, ...changes })), now);
    expect(note({ eta: 40 })).toBe("under a minute left");
    expect(note({ eta: 1130 })).toBe("about 19 min left, near 14:21");
    expect(note({ eta: 7300, usual: [60, 90] })).toBe("about 2 h 10 min left, near 16:00");
    expect(note({ eta: 80_000 })).toBe("about 22 h 20 min left, near Mon 12:20");
    expect(note({ usual: [240, 7300] })).toBe("earlier batches took 4 min to 2 h");
    expect(note({ usual: [240, 250], promise: 24 })).toBe("earlier batches took about 4 min");
    expect(note({ promise: 24 })).toBe("time left not known yet; promised within 24 h");
    expect(note({ usual: ["?"] })).toBe("time left not known yet");
    expect(note({ state: "held" })).toBe("in all");
  });

  test("a field may be called as a column of the table", () => {
    const columns = columnsOf(readRows({ total: 1, columns: ["state", "id"], rows: [{ row: 0, id: "a", state: "succeeded", fields: { state: "Utah", id: "7" } }] }), 1);
    expect(columns.map(({ key }) => key)).toEqual(["state", "id", "field:state", "field:id", "cost"]);
  });

  test("decimal points stand under each other", () => {
    const amounts = (...values: string[]) => {
      const rows = values.map((value, row) => ({ row, id: String(row), state: "succeeded", cost: row ? "0.0012" : "1.5", fields: { total: value } }));
      const columns = columnsOf(readRows({ total: rows.length, columns: ["total"], rows }), 1);
      return columns.filter(({ numeric }) => numeric).map((column) => readRows({ rows }).rows.map((row) => padding(cellText(row, column), column)));
    };
    expect(amounts("13765.5", "2450", "622.98", "")).toEqual([["0", ".00", "", ""], ["00", "", "", ""]]);
    expect(amounts("1.234,50", "7")).toEqual([["", ""], ["00", ""]]);
  });

  test("a finished run in one line", () => {
    expect(oneLine(readSummary(summaryOf("finished")))).toBe("398 of 400 succeeded, 2 invalid · $1.83 spent · $1.83 saved · 12 min 34 s");
    expect(oneLine(readSummary(summaryOf("finished", { practice: true })))).toContain("no model was asked, nothing was sent or paid");
  });

  test("finished and cancelled runs fold; a stopped one keeps its reasons in sight", () => {
    expect(["running", "finished", "cancelled", "failed", "held"].map((state) => folds(state as "failed"))).toEqual([false, true, true, false, false]);
  });

  test("what a batch waits for counts down", () => {
    const batch = readSummary(summaryOf("running")).batches.list[1];
    expect(batch && [waitsFor(batch, 0), waitsFor(batch, 40.5), waitsFor(batch, 60)]).toEqual(["next look in 41 s", "next look in 1 s", "looking now"]);
  });
});

describe("limit as typed", () => {
  test.each([["7.5", { usd: "7.5" }], ["$10", { usd: "10" }], ["7,5", { usd: "7.5" }]])("%s is taken", (typed, read) => {
    expect(readLimit(typed, "5")).toEqual(read);
  });
  test.each(["", "x", "5", "4", "-7", "1e3", "Infinity"])("%j is refused", (typed) => {
    expect(readLimit(typed, "5")).toHaveProperty("wrong");
  });
});

describe("rows", () => {
  const page = readRows({ rev: 1, total: 400, start: 50, columns: ["total", "vendor"], rows: [rowOf(0, "succeeded"), rowOf(1, "errored")] });

  test("the request says what is shown", () => {
    expect(rowsRequest({ state: "errored", cause: "expired", text: "  ", order: { by: "cost", desc: true } }, 50, PAGE)).toEqual({ start: 50, n: PAGE, state: "errored", cause: "expired", text: null, order: { by: "cost", desc: true } });
  });

  test("a column sorts up, down, not at all", () => {
    const up = nextOrder(null, "cost");
    const down = nextOrder(up, "cost");
    expect([up, down, nextOrder(down, "cost"), nextOrder(down, "id")]).toEqual([{ by: "cost", desc: false }, { by: "cost", desc: true }, null, { by: "id", desc: false }]);
  });

  test("pages stay inside the table", () => {
    expect([pageStart(0, 400, "previous"), pageStart(0, 400, "next"), pageStart(350, 400, "next"), pageStart(0, 400, "last"), pageStart(0, 0, "last"), pageStart(100, 51, "first")]).toEqual([0, 50, 350, 350, 0, 0]);
  });

  test("the range", () => {
    expect(rangeLabel(50, 52, 4000)).toBe("51–52 of 4,000");
    expect(rangeLabel(50, 100, 52)).toBe("51–52 of 52");
    expect(rangeLabel(0, 50, 0)).toBe("");
  });

  test("numbers stand to the right, documents and models only where they tell rows apart", () => {
    const values = readRows({ columns: ["total", "vendor"], rows: [{ id: "a", fields: { total: "1,234.50", vendor: "B 2" }, documents: ["x.pdf"] }] });
    expect(columnsOf(values, 2).map((column) => [column.label, column.numeric])).toEqual([["State", false], ["Job", false], ["Document", false], ["Model", false], ["total", true], ["vendor", false], ["Cost", true]]);
    expect(columnsOf(page, 1).map((column) => column.kind)).toEqual(["state", "id", "field", "field", "cost"]);
  });

  test("cells and the cause of a failure", () => {
    const [good, bad] = page.rows;
    const columns = columnsOf(page, 1);
    expect(good && columns.map((column) => cellText(good, column))).toEqual(["succeeded", "scan_001.pdf", "", "Northwind Paper GmbH", "$0.0042"]);
    expect(good && rowNote(good)).toBeNull();
    expect(bad && rowNote(bad)).toBe("provider error: Anthropic answered 500 (internal server error)");
  });
});

describe("places", () => {
  const result = readResult(resultOf(0, "succeeded"));
  const places = placesOf(result);

  test("every citation of every field is a place", () => {
    expect(places.map((place) => [place.field, place.index])).toEqual([[0, 0], [1, 0], [1, 1], [2, 0], [3, 0], [5, 0], [6, 0]]);
  });

  test("a column stands for the field of its path, or for the first part of it that has evidence", () => {
    const cite = [{ document: 0, page: 1, text: "x" }];
    const nested = readResult({ fields: [{ path: "lines_all" }, { path: "lines[0].item" }, { path: "lines[1].item", citations: cite }, { path: "total" }] });
    expect(["total", "lines", "lines[0]", "line", "gone"].map((path) => fieldAt(nested, path))).toEqual([3, 2, 1, -1, -1]);
  });

  test("boxes lie on their page in percent, the active ones on top", () => {
    const boxes = boxesOn(places, 1, 0, 1, 595, 842);
    expect(boxes.at(-1)).toMatchObject({ place: 1, active: true });
    expect(boxes.filter((box) => box.place === 4)).toHaveLength(2);
    for (const box of boxes) {
      expect(box.left + box.width).toBeLessThanOrEqual(100.001);
      expect(box.top + box.height).toBeLessThanOrEqual(100.001);
    }
    expect(boxesOn(places, 1, 0, 2, 595, 842)).toEqual([]);
    expect(boxesOn(places, 1, 0, 1, 0, 0)).toEqual([]);
  });

  test("boxes outside the page, upside down or of no numbers do no harm", () => {
    const odd = readResult({ fields: [{ path: "a", citations: [{ document: 0, page: 1, rects: [[900, 900, -5, -5], ["x", 1, 2, 3], [1, 2, 3]] }] }] });
    expect(boxesOn(placesOf(odd), 0, 0, 1, 100, 200)).toEqual([{ place: 0, active: true, left: 0, top: 0, width: 100, height: 100 }]);
  });

  test("offsets in a text count code points, and overlapping places share a span", () => {
    const at = (start: number, end: number) => ({ document: 0, start, end, text: "" });
    const text = "😀 total 12 € due";
    const marks = placesOf(readResult({ fields: [{ path: "a", citations: [at(2, 10), at(8, 12), at(90, 99), at(5, 5)] }] }));
    const spans = spansOf(text, marks, 0);
    expect(spans.map((span) => [span.text, span.places])).toEqual([["😀 ", []], ["total ", [0]], ["12", [0, 1]], [" €", [1]], [" due", []]]);
    expect(spans.map((span) => span.text).join("")).toBe(text);
  });

  test("a letter is marked where its amount stands", () => {
    expect(spansOf(LETTER, places, 1).filter((span) => span.places.length).map((span) => span.text)).toEqual(["1.234,50 €"]);
  });

  test("nested fields stand under their item", () => {
    expect(fieldGroups(result.fields).map((group) => [group.heading, group.fields.map((field) => field.label)])).toEqual([
      ["", ["invoice_number", "total_amount", "vendor", "payment_status", "due_date"]],
      ["lines[0]", ["item", "amount"]],
    ]);
  });

  test("a place is named by page, and by document where it is not the first", () => {
    expect(result.fields[1]?.citations.map((citation) => whereOf(citation, result.documents))).toEqual(["p. 1", "letter.txt, text"]);
  });

  test("pages are asked for in few sizes", () => {
    expect([scaleFor(500, 1, 595), scaleFor(600, 2, 595), scaleFor(1700, 2, 595), scaleFor(0, 1, 0)]).toEqual([1, 2, 4, 1.5]);
  });
});

test("every state of a job has a place in the order", () => {
  expect(new Set(JOB_STATES).size).toBe(10);
});
