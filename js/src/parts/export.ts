// How to take results out: the calls to write in a cell, since a file belongs where the notebook runs.
import { button, h, setAria, setText, show } from "../dom.ts";

const CALLS: readonly [string, string][] = [
  ["table in this notebook", ".to_df()"],
  ["JSON lines", '.to_jsonl("NAME.jsonl")'],
  ["page with the evidence, for people without a notebook", '.export_html("NAME.html")'],
];

/** A name as it can stand in a cell; `run` where it cannot. */
export const nameInCode = (name: string): string => (/^[A-Za-z_]\w*$/.test(name) ? name : "run");

export interface ExportCalls {
  button: HTMLButtonElement;
  panel: HTMLElement;
  update(name: string): void;
}

export function exportCalls(): ExportCalls {
  const codes = CALLS.map(() => h("code"));
  const panel = h("div", { class: "bnb-export", hidden: true }, ...CALLS.map(([what], i) => h("div", {}, codes[i], h("span", { class: "bnb-note" }, what))));
  const toggle = button("Export", () => {
    show(panel, panel.hidden !== false);
    setAria(toggle, "expanded", String(!panel.hidden));
  }, { class: "bnb-small", title: "Calls that write the results to a file", aria: { expanded: "false" } });
  return {
    button: toggle,
    panel,
    update(name): void {
      const code = nameInCode(name);
      CALLS.forEach(([, call], i) => setText(codes[i] as Element, code + call.replace("NAME", code)));
    },
  };
}
