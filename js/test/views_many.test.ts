// Many views of one run, and a computer that sleeps: no leak, no wrong number.
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { DemoKernel, summaryOf } from "../demo/fixtures.ts";
import dashboard from "../src/dashboard.ts";
import { wait } from "./page.ts";

const urls = new Set<string>();
let made = 0;
beforeEach(() => {
  vi.useFakeTimers();
  document.body.replaceChildren();
  urls.clear();
  Object.assign(URL, {
    createObjectURL: () => {
      const url = `blob:test/${++made}`;
      urls.add(url);
      return url;
    },
    revokeObjectURL: (url: string) => void urls.delete(url),
  });
});
afterEach(() => vi.useRealTimers());
vi.setConfig({ testTimeout: 60_000 });

function place(): HTMLElement {
  const el = document.createElement("div");
  document.body.append(el);
  return el;
}

test("ten views of one run, opened and closed again and again, leave nothing behind", async () => {
  const kernel = new DemoKernel({ summary: summaryOf("running") });
  const added = vi.spyOn(window, "addEventListener");
  const removed = vi.spyOn(window, "removeEventListener");
  for (let round = 0; round < 2; round++) {
    const views = Array.from({ length: 10 }, () => {
      const el = place();
      return { el, close: dashboard.render({ model: kernel, el }) };
    });
    await wait(100);
    for (const { el } of views) el.querySelector<HTMLElement>("tbody tr")?.click();
    await wait(300);
    expect(urls.size).toBe(40); // a page and three small ones each
    kernel.set("summary", summaryOf("running", { rev: round + 2, words: `round ${round}` }));
    await wait(100);
    expect(views.map(({ el }) => el.querySelector(".bnb-words")?.textContent)).toEqual(Array(10).fill(`round ${round}`));
    for (const { close } of views) close();
    await wait(50); // what the pretend kernel was about to answer
    expect([kernel.listening, vi.getTimerCount(), urls.size, document.querySelectorAll(".bnb").length]).toEqual([0, 0, 0, 0]);
  }
  expect(removed.mock.calls.length).toBe(added.mock.calls.length);
});

test("after a night's sleep it asks by itself and shows the end, without a push", async () => {
  const kernel = new DemoKernel({ summary: summaryOf("running") });
  const el = place();
  const close = dashboard.render({ model: kernel, el });
  await wait(100);
  vi.setSystemTime(Date.now() + 8 * 3600 * 1000);
  vi.spyOn(kernel, "get").mockReturnValue(summaryOf("finished", { rev: 900 }));
  await wait(5_000);
  expect(el.querySelector(".bnb-state")?.textContent).toBe("finished");
  expect(el.querySelector(".bnb-words")?.textContent).toBe("398 of 400 succeeded, 2 invalid · $1.83 spent · $1.83 saved · 12 min 34 s");
  close();
});

test("where every push is lost, the numbers still arrive, a few at a time", async () => {
  const kernel = new DemoKernel({ summary: summaryOf("running") });
  const el = place();
  const close = dashboard.render({ model: kernel, el });
  await wait(100);
  let rev = 1;
  vi.spyOn(kernel, "get").mockImplementation(() => summaryOf("running", { rev: ++rev, words: `look ${rev}` }));
  await wait(60_000);
  const pulls = kernel.sent.filter((message) => message.kind === "pull").length;
  expect(pulls).toBeGreaterThan(5);
  expect(pulls).toBeLessThanOrEqual(31);
  expect(el.querySelector(".bnb-words")?.textContent).toBe(`look ${rev}`);
  close();
});
