// Building nodes. Every string goes in as text, made visible first; there is no other way in.
import { visible } from "./pure/visible.ts";

type Child = Node | string | null | undefined | false;

export interface Props {
  class?: string;
  /** Tooltip. */
  title?: string | undefined;
  role?: string;
  type?: string;
  tabIndex?: number;
  hidden?: boolean;
  disabled?: boolean;
  /** `label` becomes aria-label, and so on. */
  aria?: Record<string, string | null>;
  on?: Record<string, (event: never) => void>;
}

export function h<K extends keyof HTMLElementTagNameMap>(
  tag: K, props: Props = {}, ...children: Child[]
): HTMLElementTagNameMap[K] {
  const node = document.createElement(tag);
  if (props.class) node.className = props.class;
  if (props.title) setTitle(node, props.title);
  if (props.role) node.setAttribute("role", props.role);
  if (props.type) node.setAttribute("type", props.type);
  if (props.tabIndex !== undefined) node.tabIndex = props.tabIndex;
  if (props.hidden) node.hidden = true;
  if (props.disabled) node.setAttribute("disabled", "");
  for (const [name, value] of Object.entries(props.aria ?? {})) setAria(node, name, value);
  for (const [name, listener] of Object.entries(props.on ?? {})) node.addEventListener(name, listener as EventListener);
  append(node, ...children);
  return node;
}

export const append = (node: Element, ...children: Child[]): void => {
  for (const child of children) if (child) node.append(typeof child === "string" ? visible(child) : child);
};

/** Replace the text of a node; leaves it alone when nothing changed, so that screen readers stay quiet. */
export function setText(node: Element, text: string): void {
  const shown = visible(text);
  if (node.textContent !== shown) node.textContent = shown;
}

export function setTitle(node: HTMLElement, text: string): void {
  const shown = visible(text);
  if (node.title !== shown) node.title = shown;
}

export function setAria(node: Element, name: string, value: string | null): void {
  if (value === null) node.removeAttribute(`aria-${name}`);
  else if (node.getAttribute(`aria-${name}`) !== value) node.setAttribute(`aria-${name}`, visible(value));
}

export const show = (node: HTMLElement, on: boolean): void => {
  if (node.hidden === on) node.hidden = !on;
};

/** A plain button. */
export const button = (label: string, onClick: () => void, props: Props = {}): HTMLButtonElement =>
  h("button", { type: "button", ...props, class: `bnb-button ${props.class ?? ""}`.trim(), on: { click: onClick } }, label);

/**
 * Make the children of a node those of a list, keeping the nodes of items that stay: focus and selection survive.
 *
 * `make` builds a node for a new key, `update` fills it each time.
 */
export function keyed<T, N extends Element>(
  parent: Element, items: readonly T[], key: (item: T, index: number) => string, make: (item: T) => N,
  update: (node: N, item: T, index: number) => void,
): void {
  const nodes = (parents.get(parent) ?? new Map()) as Map<string, N>;
  const next = new Map<string, N>();
  let before: ChildNode | null = parent.firstChild;
  items.forEach((item, index) => {
    const name = key(item, index);
    const node = nodes.get(name) ?? make(item);
    nodes.delete(name);
    next.set(name, node);
    update(node, item, index);
    if (before === node) before = node.nextSibling;
    else parent.insertBefore(node, before);
  });
  for (const node of nodes.values()) node.remove();
  parents.set(parent, next);
}
const parents = new WeakMap<Element, Map<string, Element>>();

/** A button of one drawing, told in words to whoever does not see it. */
export function iconButton(name: IconName, label: string, onClick: () => void, more = ""): HTMLButtonElement {
  const node = button("", onClick, { class: `bnb-icon-button ${more}`.trim(), title: label, aria: { label } });
  node.append(icon(name));
  return node;
}

const SVG = "http://www.w3.org/2000/svg";
export type IconName = keyof typeof ICONS;
/** Shapes on a 16 by 16 grid: `o` outline circle, `d` filled circle, then strokes. */
const ICONS = {
  succeeded: ["d", "M4.8 8.3l2.2 2.2 4.2-4.6"],
  invalid: ["t", "M8 6v3.2M8 11.3v.2"],
  errored: ["d", "M5.6 5.6l4.8 4.8M10.4 5.6l-4.8 4.8"],
  expired: ["o", "M8 4.6V8l2.3 1.6"],
  missing: ["o", "M6.4 6.4a1.7 1.7 0 1 1 2.3 1.7c-.5.2-.7.5-.7 1.1M8 11.3v.2"],
  cancelled: ["o", "M4 12l8-8"],
  running: ["o", "h"],
  submitting: ["o", "M8 11V5.2M5.6 7.4L8 5l2.4 2.4"],
  pending: ["o", ""],
  held: ["o", "M6.4 5.6v4.8M9.6 5.6v4.8"],
  back: ["", "M10 3L5 8l5 5"],
  next: ["", "M6 3l5 5-5 5"],
  first: ["", "M11.5 3l-5 5 5 5M4.5 3v10"],
  last: ["", "M4.5 3l5 5-5 5M11.5 3v10"],
  minus: ["", "M3.5 8h9"],
  plus: ["", "M3.5 8h9M8 3.5v9"],
  search: ["", "M10.5 10.5L14 14M11.5 7a4.5 4.5 0 1 1-9 0 4.5 4.5 0 0 1 9 0z"],
  down: ["", "M3.5 6L8 10.5 12.5 6"],
  equal: ["", "M3.5 6h9M3.5 10h9"],
  unequal: ["", "M3.5 6h9M3.5 10h9M10.5 3l-5 10"],
  pencil: ["", "M3 13l.8-3.2 7-7 2.4 2.4-7 7zM9.4 4.2l2.4 2.4"],
} as const;

/** A small drawing that repeats what a word beside it says. */
export function icon(name: IconName): SVGSVGElement {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", "0 0 16 16");
  svg.setAttribute("aria-hidden", "true");
  svg.setAttribute("class", `bnb-icon bnb-icon-${name}`);
  const [base, stroke] = ICONS[name];
  const path = (d: string, kind: string): void => {
    const node = document.createElementNS(SVG, "path");
    node.setAttribute("d", d);
    node.setAttribute("class", kind);
    svg.append(node);
  };
  const circle = "M14.5 8a6.5 6.5 0 1 1-13 0 6.5 6.5 0 0 1 13 0z";
  if (base === "d") path(circle, "bnb-fill");
  if (base === "o") path(circle, "bnb-stroke");
  if (base === "t") path("M8 1.6L15.2 14H.8z", "bnb-fill");
  if (stroke === "h") path("M8 1.5a6.5 6.5 0 0 1 0 13z", "bnb-fill");
  else if (stroke) path(stroke, base === "d" || base === "t" ? "bnb-cut" : "bnb-stroke");
  return svg;
}
