// How to take results out: files that the kernel writes beside the notebook, and the calls that do the same in a cell.
import type { Channel } from "../channel.ts";
import { button, h, setAria, setText, show } from "../dom.ts";
import { bytes, plural } from "../pure/format.ts";
import { numberOr, text, texts } from "../pure/guards.ts";

const CALLS: readonly [string, string][] = [
  ["table in this notebook", ".to_df()"],
  ["page with the evidence, for people without a notebook", '.export_html("NAME.html")'],
];
const FORMATS: Record<string, string> = { csv: "CSV", jsonl: "JSON lines", parquet: "Parquet" };

/** A name as it can stand in a cell; `run` where it cannot. */
export const nameInCode = (name: string): string => (/^[A-Za-z_]\w*$/.test(name) ? name : "run");

export interface ExportCalls {
  button: HTMLButtonElement;
  panel: HTMLElement;
  update(name: string): void;
}

export function exportCalls(channel: Channel): ExportCalls {
  const codes = CALLS.map(() => h("code"));
  const said = h("span", { class: "bnb-note", role: "status" });
  const files = Object.entries(FORMATS).map(([format, label]) => {
    const node = button(label, () => void save(format, node), { class: "bnb-small", hidden: format === "parquet" });
    return node;
  });
  const panel = h("div", { class: "bnb-export", hidden: true },
    h("div", {}, h("span", {}, "New file beside the notebook:"), ...files, said),
    ...CALLS.map(([what], i) => h("div", {}, codes[i], h("span", { class: "bnb-note" }, what))));
  const toggle = button("Export", () => {
    show(panel, panel.hidden !== false);
    setAria(toggle, "expanded", String(!panel.hidden));
    if (!panel.hidden) void offer();
  }, { class: "bnb-small", title: "Write the results to a file", aria: { expanded: "false" } });

  /** Parquet is offered where the kernel can write it. */
  async function offer(): Promise<void> {
    try {
      const { content } = await channel.ask("export", {}, true);
      const known = texts(content.formats);
      Object.keys(FORMATS).forEach((format, i) => show(files[i] as HTMLElement, known.includes(format)));
    } catch {
      // the two that every kernel can write stay
    }
  }

  async function save(format: string, node: HTMLButtonElement): Promise<void> {
    node.disabled = true;
    said.className = "bnb-note";
    setText(said, "writing…");
    try {
      const { content } = await channel.ask("export", { format });
      setText(said, `${plural(numberOr(content.results, 0), "result")}, ${bytes(numberOr(content.bytes, 0))}, are in ${text(content.path)}`);
    } catch (error) {
      said.className = "bnb-note bnb-wrong";
      setText(said, error instanceof Error ? error.message : String(error));
    }
    node.disabled = false;
  }

  return {
    button: toggle,
    panel,
    update(name): void {
      const code = nameInCode(name);
      CALLS.forEach(([, call], i) => setText(codes[i] as Element, code + call.replace("NAME", code)));
    },
  };
}
