// demo.html: the widgets with made-up runs, on a page that has a notebook's theme and no kernel.
//   ?state=planning|running|paused|cancelling|held|finished|cancelled|failed  &theme=light|dark|bare  &practice  &view=result|overview  &busy  &gone  &lost  &cut
import dashboard from "../src/dashboard.ts";
import overview from "../src/overview.ts";
import result from "../src/result.ts";
import "../src/style/views.css";
import { bag } from "../src/pure/guards.ts";
import { cut, DemoKernel, invoiceOf, lost, resultOf, summaryOf, type Phase } from "./fixtures.ts";
import { runsPage } from "./runs.ts";
import { RUN_STATES } from "../src/pure/snapshot.ts";

const options = new URLSearchParams(location.search);
const theme = options.get("theme") ?? "light";
document.body.className = theme;
if (theme !== "bare") document.body.dataset.jpThemeLight = String(theme === "light");

/** Draw a page of an invoice, as the kernel would from the PDF. */
async function drawPage(row: number, page: number, scale: number): Promise<ArrayBuffer> {
  const canvas = document.createElement("canvas");
  canvas.width = 595 * scale;
  canvas.height = 842 * scale;
  const c = canvas.getContext("2d");
  if (!c) return new ArrayBuffer(0);
  c.scale(scale, scale);
  c.fillStyle = "#fff";
  c.fillRect(0, 0, 595, 842);
  c.fillStyle = "#1b1b1b";
  const write = (text: string, x: number, y: number, size = 11, weight = ""): void => {
    c.font = `${weight} ${size}px Georgia, "DejaVu Serif", serif`;
    c.fillText(text, x, y);
  };
  const right = (text: string, x: number, y: number, weight = ""): void => {
    c.font = `${weight} 11px Georgia, "DejaVu Serif", serif`;
    c.fillText(text, x - c.measureText(text).width, y);
  };
  const invoice = invoiceOf(row);
  if (page === 1) {
    write(invoice.vendor, 58, 76, 16, "bold");
    write("Hafenstraße 12 · 20457 Hamburg", 58, 96, 9);
    write("Invoice number", 58, 124, 9);
    write(invoice.id, 58, 143, 12, "bold");
    write("Bill to", 330, 124, 9);
    write("Ferrante & Cie", 330, 143, 12);
    const rows = [["A4 paper, 80 g", "20", "118,00 €"], ["Binding, cloth", "4", "92,40 €"], ["Delivery", "1", "14,90 €"], ["Archive boxes", "12", "66,00 €"]];
    c.fillRect(56, 262, 483, 0.8);
    write("Item", 58, 276, 9);
    right("Amount", 537, 276);
    rows.forEach(([item, n, amount], i) => {
      write(item ?? "", 58, 297 + i * 24);
      right(n ?? "", 380, 297 + i * 24);
      right(amount ?? "", 537, 297 + i * 24);
    });
    c.fillRect(56, 392, 483, 0.8);
    write("Total amount", 330, 420, 12, "bold");
    right(invoice.printed, 537, 420, "bold");
    write("Payment has been received with thanks on the twelfth of the month;", 58, 511);
    write("nothing is due.", 58, 527);
  } else {
    write(`Terms and conditions, page ${page}`, 58, 76, 14, "bold");
    for (let i = 0; i < 40; i++) write("The goods remain the property of the seller until they have been paid for in full.", 58, 110 + i * 17, 9);
  }
  const blob = await new Promise<Blob | null>((done) => canvas.toBlob(done, "image/jpeg", 0.85));
  return blob ? blob.arrayBuffer() : new ArrayBuffer(0);
}

/** Links to every state, view and theme; each keeps what the others say. */
function links(): HTMLElement {
  const nav = document.createElement("nav");
  const choices: [string, readonly string[]][] = [["view", ["dashboard", "result", "overview"]], ["state", RUN_STATES], ["theme", ["light", "dark", "bare"]]];
  for (const [name, values] of choices) {
    const line = document.createElement("p");
    for (const value of values) {
      const link = document.createElement("a");
      link.href = `?${new URLSearchParams({ ...Object.fromEntries(options), [name]: value })}`;
      link.textContent = value;
      if ((options.get(name) ?? values[name === "state" ? 1 : 0]) === value) link.setAttribute("aria-current", "page");
      line.append(link, " ");
    }
    nav.append(line);
  }
  return nav;
}
if (!options.has("plain")) document.body.prepend(links());

const phase = (options.get("state") ?? "running") as Phase;
const kernel = new DemoKernel(
  { summary: summaryOf(phase, { practice: options.has("practice"), driver: !options.has("follow"), ...(options.has("lost") ? lost(["msgbatch_01HkcTjaV5uDC8jWR4ZsDV8d"]) : {}), ...(options.has("cut") ? cut : {}), ...(options.has("models") ? { models: ["claude-sonnet-5-5", "gpt-6.1-sol"] } : {}) }), detail: resultOf(2, "succeeded"), overview: runsPage() },
  drawPage,
);
Object.assign(globalThis, { kernel, summaryOf });
const el = document.querySelector<HTMLElement>("#cell") ?? document.body;
const views = { dashboard, overview, result } as const;
(views[(options.get("view") ?? "dashboard") as keyof typeof views] ?? dashboard).render({ model: kernel, el });

if (options.has("busy")) kernel.awake = false;
if (options.has("gone")) {
  kernel.send = () => {
    throw new Error("the comm is closed");
  };
}
if (options.has("live")) {
  setInterval(() => {
    const summary = bag(kernel.get("summary"));
    const counts = { ...bag(summary.counts) };
    if (!Number(counts.running)) return;
    counts.running = Number(counts.running) - 1;
    counts.succeeded = Number(counts.succeeded) + 1;
    kernel.set("summary", { ...summary, rev: Number(summary.rev) + 1, counts, elapsed: Number(summary.elapsed) + 0.5 });
  }, 500);
}
