// The head of the evidence view: which result this is, how it ended, what it cost.
import { button, h, icon, iconButton, setText, setTitle, show } from "../dom.ts";
import { count, dollars, plural } from "../pure/format.ts";
import type { Result } from "../pure/snapshot.ts";
import { clip } from "../pure/visible.ts";

export interface HeadOptions {
  onClose: (() => void) | undefined;
  onStep: ((step: 1 | -1) => void) | undefined;
  onRaw: () => void;
}

export interface ResultHead {
  el: HTMLElement;
  /** The error as a line of its own. */
  error: HTMLElement;
  /** Model, cost, tokens: small print. */
  facts: HTMLElement;
  update(result: Result): void;
  /** Name the other side of the raw answer's button; null takes it away. */
  offer(side: string | null): void;
}

export function resultHead({ onClose, onStep, onRaw }: HeadOptions): ResultHead {
  const title = h("h3", { class: "bnb-title" });
  const state = h("span", { class: "bnb-state" });
  const error = h("p", { class: "bnb-notice bnb-error", hidden: true }, h("b"), h("span"));
  const facts = h("p", { class: "bnb-note bnb-result-facts" });
  const raw = button("Raw answer", onRaw, { class: "bnb-small" });
  const steps = onStep && h("span", { class: "bnb-set" }, iconButton("back", "Previous result", () => onStep(-1)), iconButton("next", "Next result", () => onStep(1)));
  const back = onClose && button("All results", onClose, { class: "bnb-small bnb-back" });

  return {
    el: h("div", { class: "bnb-tools" }, back, state, title, h("span", { class: "bnb-gap" }), raw, steps),
    error,
    facts,
    update(result): void {
      setText(title, clip(result.id, 120));
      setTitle(title, clip(result.id, 600));
      state.className = `bnb-state bnb-is-${result.state}`;
      state.replaceChildren(icon(result.state), h("span", {}, result.state));
      show(error, result.error !== null);
      setText(error.children[0] as Element, (result.errorKind ?? "error").replaceAll("_", " "));
      setText(error.children[1] as Element, clip(result.error ?? "", 2000));
      setText(facts, factsOf(result));
    },
    offer(side): void {
      show(raw, side !== null);
      setText(raw, side ?? "");
    },
  };
}

/** What providers call the ordinary end of an answer: nothing to tell of. */
const ORDINARY = ["end_turn", "stop_sequence", "stop", "completed"];

/** "claude-sonnet-5-5 · $0.0042 · 1,874 tokens in, 96 out · 2 attempts · ended with max_tokens". */
export function factsOf({ model, cost, usage, attempts, finishReason }: Result): string {
  const { input_tokens: input, output_tokens: output } = usage;
  const parts = [
    clip(model, 120),
    cost === null ? "" : dollars(cost),
    input === undefined || output === undefined ? "" : `${count(input)} tokens in, ${count(output)} out`,
    attempts > 1 ? plural(attempts, "attempt") : "",
    finishReason && !ORDINARY.includes(finishReason.toLowerCase()) ? `ended with ${clip(finishReason, 60)}` : "",
  ];
  return parts.filter(Boolean).join(" · ");
}
