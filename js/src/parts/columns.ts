// Which columns the table shows: a panel of boxes to tick.
import { button, h, keyed, setAria, setText, show } from "../dom.ts";
import type { Column } from "../pure/rows.ts";
import { clip } from "../pure/visible.ts";

/** So many fields are shown until more are asked for. */
export const FIELDS = 24;

export interface ColumnChoice {
  button: HTMLButtonElement;
  panel: HTMLElement;
  /** The columns that are wanted, of those there are. */
  chosen(columns: readonly Column[]): Column[];
}

export function columnChoice(onChange: () => void): ColumnChoice {
  const said = new Map<string, boolean>(); // what the user chose; the rest follows the default
  let known: readonly Column[] = [];
  const list = h("div", { class: "bnb-boxes" });
  const every = (on: boolean): void => {
    for (const column of known) if (column.kind === "field") said.set(column.key, on);
    onChange();
  };
  const all = button("All", () => every(true), { class: "bnb-small bnb-quiet" });
  const none = button("None", () => every(false), { class: "bnb-small bnb-quiet" });
  const panel = h("div", { class: "bnb-export bnb-columns", role: "group", hidden: true, aria: { label: "Columns to show" } }, list, h("span", { class: "bnb-set" }, all, none));
  const toggle = button("Columns", () => {
    show(panel, panel.hidden !== false);
    setAria(toggle, "expanded", String(!panel.hidden));
  }, { class: "bnb-small", title: "Choose which columns are shown", aria: { expanded: "false" } });
  const wanted = (column: Column, fieldsBefore: number): boolean =>
    column.kind === "id" || (said.get(column.key) ?? (column.kind !== "field" || fieldsBefore < FIELDS));

  return {
    button: toggle,
    panel,
    chosen(columns): Column[] {
      known = columns;
      let fields = 0;
      const kept = columns.filter((column) => wanted(column, column.kind === "field" ? fields++ : 0));
      const shown = new Set(kept.map((column) => column.key));
      keyed(list, columns.filter((column) => column.kind !== "id"), (column) => column.key, (column) => {
        const box = h("input", { type: "checkbox", on: { change: () => {
          said.set(column.key, box.checked);
          onChange();
        } } });
        return h("label", {}, box, h("span"));
      }, (node, column) => {
        (node.children[0] as HTMLInputElement).checked = shown.has(column.key);
        setText(node.children[1] as Element, clip(column.label, 60));
      });
      const hidden = columns.length - kept.length;
      setText(toggle, hidden ? `Columns (${hidden} hidden)` : "Columns");
      show(toggle, columns.length > 3);
      return kept;
    },
  };
}
