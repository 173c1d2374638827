// The fields of one result, each with what it rests on.
import { append, button, h, setAria, setTitle } from "../dom.ts";
import { fieldGroups, whereOf, type Place } from "../pure/places.ts";
import type { Citation, Field, Result } from "../pure/snapshot.ts";
import { clip, safeLink } from "../pure/visible.ts";
import { rightValue, verdictNode, type ReviewBar } from "./review.ts";

const RAW = 10_000; // characters of an answer without fields
const SHOWN = 1200; // characters of a value, until the whole is asked for

export interface FieldList {
  el: HTMLElement;
  fill(result: Result, places: readonly Place[]): void;
  select(field: number, place: number): void;
  /** Draw anew what a person said about a field. */
  mark(index: number, field: Field): void;
}

/** What an evidence chip says aloud and on hover. */
export function evidenceWords(citation: Citation): string {
  const sure = citation.confidence ? `${citation.confidence} confidence` : "";
  return [sure, sourceOf(citation), citation.reason ?? ""].filter(Boolean).join(", ");
}

const SOURCES: Record<string, string> = { native: "cited by the model", quote: "quoted by the model", located: "located in the document" };
const sourceOf = ({ source }: Citation): string => SOURCES[source ?? ""] ?? source ?? "";

function unfound(result: Result, field: Field): string {
  if (!field.value) return "no value, so nothing to look for";
  return result.documents.length ? "no evidence in the document" : "no document to look in";
}

export function fieldList(onField: (field: number) => void, onPlace: (place: number) => void, bar: ReviewBar): FieldList {
  const el = h("div", { class: "bnb-fields", role: "group", aria: { label: "Fields" } });
  let nodes: HTMLElement[] = [];
  let shown: Field[] = [];
  let chips = new Map<number, HTMLElement>();

  function fill(result: Result, places: readonly Place[]): void {
    nodes = [];
    shown = result.fields;
    chips = new Map();
    const blocks = fieldGroups(result.fields).map((group) => {
      const rows = group.fields.map(({ index, label, field }) => (nodes[index] = fieldNode(result, places, index, label, field)));
      return h("div", { class: "bnb-field-group" }, group.heading ? h("h4", {}, group.heading) : null, ...rows);
    });
    el.replaceChildren(...blocks);
    if (!result.fields.length) {
      const why = result.state === "succeeded" ? "The answer, as text:" : result.raw ? "No fields; what the model answered:" : "No fields: there is no answer.";
      el.replaceChildren(h("p", { class: "bnb-note" }, why), h("div", { class: "bnb-value bnb-answer" }, h("bdi", {}, clip(result.raw, RAW))));
    }
  }

  function fieldNode(result: Result, places: readonly Place[], index: number, label: string, field: Field): HTMLElement {
    const name = button(label, () => onField(index), { class: "bnb-field-name", title: field.path });
    const evidence = h("div", { class: "bnb-evidence" });
    places.forEach((place, at) => {
      if (place.field === index) evidence.append(chip(result, place.citation, at));
    });
    const node = h("div", { class: "bnb-field" }, h("div", { class: "bnb-field-head" }, name), h("div", { class: "bnb-values" }), evidence);
    drawSaid(node, field);
    if (!field.citations.length) append(evidence, h("span", { class: "bnb-none" }, clip(field.note, 600) || unfound(result, field)));
    node.addEventListener("click", (event) => {
      const inner = (event.target as Element).closest("button, a, textarea");
      if (!inner && !document.getSelection()?.toString()) onField(index);
    });
    return node;
  }

  /** The value and what a person said about it; a value that is wrong is struck out. */
  function drawSaid(node: HTMLElement, field: Field): void {
    const [top, values] = node.children;
    top?.querySelector(".bnb-said")?.remove();
    const said = verdictNode(field);
    if (said) top?.append(said);
    const right = rightValue(field);
    const model = valueNode(field.value);
    if (field.review && field.review.verdict !== "confirmed") model.classList.add("bnb-struck");
    if (right) setTitle(model, "What the model answered");
    values?.replaceChildren(...(right ? [right, model] : [model]));
  }

  function chip(result: Result, citation: Citation, at: number): HTMLElement {
    const level = ["low", "medium", "high"].indexOf(citation.confidence ?? "") + 1;
    // what is read aloud is what is seen when the field is active, in the same order
    const says = [whereOf(citation, result.documents), citation.confidence ? `${citation.confidence} confidence` : "", clip(citation.text.replace(/\s+/g, " "), 160), [sourceOf(citation), citation.reason].filter(Boolean).join(": ")] as const;
    const [where, sure, quote, why] = says;
    const words = evidenceWords(citation);
    const node = button("", () => onPlace(at), { class: "bnb-chip", title: words, aria: { label: says.join(" ") } });
    append(node, h("span", { class: "bnb-where" }, where), level > 0 && dots(level), h("span", { class: "bnb-sure" }, sure), h("q", {}, h("bdi", {}, quote)), h("span", { class: "bnb-reason" }, why));
    chips.set(at, node);
    return node;
  }

  return {
    el,
    fill,
    select(field, place): void {
      nodes.forEach((node, i) => {
        node.classList.toggle("bnb-active", i === field);
        setAria(node.querySelector(".bnb-field-name") ?? node, "current", i === field ? "true" : null);
      });
      for (const [at, node] of chips) {
        node.classList.toggle("bnb-active", at === place);
        setAria(node, "pressed", String(at === place));
      }
      const node = nodes[field];
      const there = shown[field];
      if (!node || !there) return bar.el.remove();
      if (bar.el.parentElement !== node) node.append(bar.el);
      bar.of(field, there);
      const outer = el.getBoundingClientRect();
      const inner = node.getBoundingClientRect();
      if (inner.top < outer.top) el.scrollTop += inner.top - outer.top;
      else if (inner.bottom > outer.bottom) el.scrollTop += Math.min(inner.bottom - outer.bottom, inner.top - outer.top);
    },
    mark(index, field): void {
      const node = nodes[index];
      if (!node) return;
      shown[index] = field;
      drawSaid(node, field);
    },
  };
}

/** Confidence by shape: one, two or three filled dots. */
function dots(level: number): HTMLElement {
  const node = h("span", { class: "bnb-dots", aria: { hidden: "true" } });
  for (let i = 1; i <= 3; i++) node.append(h("i", { class: i <= level ? "bnb-on" : "" }));
  return node;
}

function valueNode(value: string): HTMLElement {
  const href = safeLink(value);
  if (href) {
    const link = h("a", {}, value.trim());
    link.href = href;
    link.rel = "noopener noreferrer";
    link.target = "_blank";
    return h("div", { class: "bnb-value" }, link);
  }
  const words = h("bdi", {}, clip(value, SHOWN));
  const node = h("div", { class: value ? "bnb-value" : "bnb-value bnb-none" }, value ? words : "empty");
  if (value.length > SHOWN) {
    const more = button(`Show all ${value.length.toLocaleString("en-US")} characters`, () => {
      words.replaceChildren();
      append(words, value);
      more.remove();
    }, { class: "bnb-small" });
    node.append(more);
  }
  return node;
}
