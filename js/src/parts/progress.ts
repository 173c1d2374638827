// The four figures, the bar split by job state with its legend (which filters the table), and the bar of money.
import { button, h, icon, keyed, setAria, setText, setTitle, show } from "../dom.ts";
import { count } from "../pure/format.ts";
import { facts, moneyBar, segments, type Fact, type Segment } from "../pure/segments.ts";
import type { JobState, Summary } from "../pure/snapshot.ts";

export interface Progress {
  el: HTMLElement;
  update(summary: Summary, filter: JobState | null): void;
  /** Show the time that has passed, without waiting for the kernel. */
  tick(summary: Summary, elapsed: number): void;
}

export function progress(onFilter: (state: JobState | null) => void): Progress {
  const bar = h("div", { class: "bnb-bar", role: "img" });
  const legend = h("div", { class: "bnb-legend", role: "group", aria: { label: "Jobs by state" } });
  const figures = h("div", { class: "bnb-facts" });
  const money = h("div", { class: "bnb-bar bnb-money", role: "img" });
  const moneyKeys = h("div", { class: "bnb-legend bnb-money-keys" });
  const spending = h("div", {}, money, moneyKeys);
  let filter: JobState | null = null;

  const legendItem = (segment: Segment): HTMLElement => {
    const node = button("", () => onFilter(filter === segment.state ? null : segment.state), { class: `bnb-key bnb-is-${segment.state}` });
    node.append(icon(segment.state), h("b"), h("span", {}, segment.state));
    return node;
  };

  const drawFacts = (summary: Summary, elapsed: number): void =>
    keyed<Fact, HTMLElement>(
      figures,
      facts(summary, elapsed),
      (fact) => fact.key,
      (fact) => h("div", { class: `bnb-fact bnb-fact-${fact.key}`, role: "group", aria: { label: fact.label } }, h("div", { class: "bnb-label" }), h("div", { class: "bnb-figure" }), h("div", { class: "bnb-note" })),
      (node, fact) => [fact.label, fact.value, fact.note].forEach((text, i) => setText(node.children[i] as Element, text)),
    );

  return {
    el: h("div", { class: "bnb-progress" }, figures, bar, legend, spending),
    update(summary, chosen): void {
      filter = chosen;
      const parts = segments(summary.counts, summary.total);
      setAria(bar, "label", `${count(summary.total)} jobs: ${parts.map((part) => part.label).join("; ") || "none yet"}`);
      keyed<Segment, HTMLElement>(
        bar,
        parts,
        (part) => part.state,
        (part) => h("span", { class: `bnb-part bnb-is-${part.state}` }),
        (node, part) => {
          node.style.flexGrow = String(part.share);
          setTitle(node, part.label);
        },
      );
      keyed(legend, parts, (part) => part.state, legendItem, (node, part) => {
        setText(node.children[1] as Element, count(part.count));
        setTitle(node, filter === part.state ? "Show all jobs again" : `Show only these jobs: ${part.label}`);
        setAria(node, "pressed", String(filter === part.state));
      });
      const against = moneyBar(summary.money);
      show(spending, against !== null);
      if (!against) return;
      setAria(money, "label", against.label);
      setTitle(money, against.label);
      keyed(money, against.parts, (part) => part.kind, (part) => h("span", { class: `bnb-part bnb-${part.kind}` }), (node, part) => {
        node.style.flexGrow = String(part.share);
        show(node, part.share > 0);
      });
      keyed(moneyKeys, against.parts, (part) => part.kind, (part) => h("span", { class: "bnb-key" }, h("span", { class: `bnb-swatch bnb-${part.kind}` }), h("b"), h("span", {}, part.kind)), (node, part) => {
        setText(node.children[1] as Element, part.amount);
      });
    },
    tick: drawFacts,
  };
}
