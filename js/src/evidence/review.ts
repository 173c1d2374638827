// A person's verdict on a field: the buttons of the field that is looked at, and the words beside each field.
import { append, button, h, icon, setAria, setText, show } from "../dom.ts";
import { VERDICTS, type Field, type Verdict } from "../pure/snapshot.ts";
import { clip } from "../pure/visible.ts";
import { onKey } from "../view.ts";

/** Keep a verdict; null takes it back. Rejects with the kernel's words. */
export type Judge = (index: number, verdict: Verdict | null, value: string | null) => Promise<void>;

export const VERDICT_ICON = { confirmed: "succeeded", corrected: "pencil", rejected: "errored" } as const;

export interface ReviewBar {
  el: HTMLElement;
  /** Stand in the field at `index`; a correction that was begun elsewhere is left. */
  of(index: number, field: Field): void;
  /** Act on the field it stands in. */
  act(verdict: Verdict | null): void;
  /** Open the box in which the right value is typed. */
  correct(): void;
  say(words: string): void;
}

const LABELS: Record<Verdict, string> = { confirmed: "Confirm", corrected: "Correct…", rejected: "Reject" };
const HINTS: Record<Verdict, string> = { confirmed: "The value is right (c)", corrected: "Type the right value (e)", rejected: "The value is wrong (x)" };

export function reviewBar(judge: Judge): ReviewBar {
  let index = -1;
  let field: Field | null = null;
  const choice = (verdict: Verdict): HTMLButtonElement => {
    const node = button("", () => (verdict === "corrected" ? correct() : act(verdict)), { class: `bnb-small bnb-verdict bnb-said-${verdict}`, title: HINTS[verdict] });
    node.append(icon(VERDICT_ICON[verdict]), h("span", {}, LABELS[verdict]));
    return node;
  };
  const choices = VERDICTS.map(choice);
  const clear = button("Clear", () => act(null), { class: "bnb-small bnb-quiet", title: "Take the verdict back (u)" });
  const row = h("div", { class: "bnb-verdicts", role: "group", aria: { label: "Review of this field" } }, ...choices, clear);
  const box = h("textarea", { class: "bnb-input bnb-right", aria: { label: "The right value" } });
  const typing = h("div", { class: "bnb-typing", hidden: true }, box,
    h("div", { class: "bnb-verdicts" }, button("Save", save, { class: "bnb-small bnb-primary", title: "Save (Enter)" }), button("Leave", leave, { class: "bnb-small bnb-quiet", title: "Leave it as it was (Esc)" })));
  const wrong = h("p", { class: "bnb-wrong", role: "alert", hidden: true });
  const el = h("div", { class: "bnb-review" }, row, typing, wrong);

  onKey(box, (event) => {
    if (event.key === "Enter" && !event.shiftKey) save();
    else if (event.key === "Escape") leave();
    else return false;
    return true;
  });

  function draw(): void {
    const said = field?.review?.verdict ?? null;
    VERDICTS.forEach((verdict, i) => setAria(choices[i] as Element, "pressed", String(verdict === said)));
    show(clear, said !== null);
  }

  function say(words: string): void {
    setText(wrong, words);
    show(wrong, words !== "");
  }

  async function send(verdict: Verdict | null, value: string | null): Promise<void> {
    const mine = index;
    say("");
    await judge(mine, verdict, value);
    if (mine === index) draw();
  }

  const act = (verdict: Verdict | null): void => void send(verdict, null).catch(() => undefined);

  function correct(): void {
    if (!field) return;
    show(typing, true);
    show(row, false);
    box.value = field.review?.value ?? field.value;
    box.rows = Math.min(6, Math.max(1, Math.ceil(box.value.length / 40)));
    el.scrollIntoView?.({ block: "nearest" }); // in a narrow cell the list of fields is short
    box.focus({ preventScroll: true });
    box.select();
  }

  function save(): void {
    send("corrected", box.value).then(leave, () => box.focus());
  }

  function leave(): void {
    const had = typing.contains(document.activeElement);
    show(typing, false);
    show(row, true);
    draw();
    if (had) choices[1]?.focus();
  }

  return {
    el,
    of(to, next): void {
      if (to !== index) {
        say("");
        show(typing, false);
        show(row, true);
      }
      index = to;
      field = next;
      draw();
    },
    act,
    correct,
    say,
  };
}

/** What was said of a field, in a word and a shape. */
export function verdictNode(field: Field): HTMLElement | null {
  const said = field.review;
  if (!said) return null;
  const node = h("span", { class: `bnb-said bnb-said-${said.verdict}` });
  node.append(icon(VERDICT_ICON[said.verdict]), h("span", {}, said.verdict));
  return node;
}

/** The value that a person put in place of the model's. */
export function rightValue(field: Field): HTMLElement | null {
  if (field.review?.verdict !== "corrected") return null;
  const value = field.review.value ?? "";
  const node = h("div", { class: value ? "bnb-value" : "bnb-value bnb-none" });
  append(node, value ? h("bdi", {}, clip(value, 1200)) : "empty");
  return node;
}
