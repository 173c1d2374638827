// The commands; what costs or cannot be taken back is confirmed in place.
import { onKey } from "../view.ts";
import { asking } from "./asking.ts";
import { button, h, setAria, show } from "../dom.ts";
import type { Bag } from "../pure/guards.ts";
import { count, dollars } from "../pure/format.ts";
import { isFinal } from "../pure/segments.ts";
import type { Command, Summary } from "../pure/snapshot.ts";
import { clip } from "../pure/visible.ts";

export interface Actions {
  el: HTMLElement;
  /** Questions asked in place; stands under the title. */
  ask: HTMLElement;
  /** Ask for a new limit, as the button does. */
  raise(): void;
  update(summary: Summary): void;
}

type Run = (command: Command, args?: Bag) => Promise<void>;

/** A new limit as typed, or why it cannot be one. */
export function readLimit(typed: string, current: string | null): { usd: string } | { wrong: string } {
  const plain = typed.trim().replace(/^\$/, "").replace(",", ".");
  if (!/^\d+(\.\d+)?$/.test(plain)) return { wrong: "Write the new limit in dollars, such as 7.50." };
  if (current !== null && Number(plain) <= Number(current)) return { wrong: `The new limit must be above ${dollars(current)}.` };
  return { usd: plain };
}

export function actions(run: Run): Actions {
  let summary: Summary | null = null;
  const { el: ask, from, open, close } = asking();

  /** A button is out of use until the runner has taken its command. */
  const command = async (node: HTMLButtonElement, name: Command, args: Bag = {}): Promise<void> => {
    node.disabled = true;
    setAria(node, "busy", "true");
    await run(name, args);
    node.disabled = false;
    setAria(node, "busy", null);
  };

  const cancel = button("Cancel", () => {
    const keep = button("Keep running", close);
    const yes = button("Cancel the run", () => {
      close();
      void command(cancel, "cancel");
    }, { class: "bnb-danger" });
    open(cancel, h("span", {}, "Cancel the run? What has already finished is kept, and is paid."), yes, keep);
    keep.focus();
  });

  const raise = button("Raise limit…", () => {
    const current = summary?.money.limit ?? null;
    const wanted = Number(current ?? 0) + Number(summary?.held?.needs ?? current ?? 0);
    const input = h("input", { type: "text", class: "bnb-input", aria: { label: "New limit in US dollars" } });
    input.inputMode = "decimal";
    input.value = (Math.ceil(wanted * 100) / 100).toFixed(2);
    const wrong = h("span", { class: "bnb-wrong", role: "alert" });
    const go = (): void => {
      const read = readLimit(input.value, current);
      if ("wrong" in read) wrong.textContent = read.wrong;
      else {
        close();
        void command(raise, "raise_limit", { usd: read.usd });
      }
    };
    onKey(input, (event) => {
      if (event.key === "Enter") go();
      return event.key === "Enter";
    });
    open(raise, h("label", {}, "New limit in dollars", input), button("Raise", go, { class: "bnb-primary" }), button("Leave it", close), wrong);
    input.focus();
    input.select();
  });

  const rest = button("Run the rest…", () => {
    const found = summary?.preview;
    if (!found) return;
    const several = found.models.length > 1;
    const choices = found.models.map(({ model, left, words }) => {
      const named = several && model !== "all";
      const label = named ? `Go on with ${clip(model, 60)}` : several ? "Go on with all models" : `Run the other ${count(left)}`;
      const yes = button(label, () => {
        close();
        void command(rest, "rest", named ? { model } : {});
      }, { class: several ? "" : "bnb-primary" });
      return h("p", { class: "bnb-choice" }, yes, h("span", {}, ` ${count(left)} more jobs; the whole as measured: ${clip(words, 200)}`));
    });
    const leave = button("Not yet", close);
    open(rest, h("div", {}, ...choices), leave);
    leave.focus();
  }, { class: "bnb-primary", title: "Run what the preview left out; what it has run is not paid for again" });
  const pause = button("Pause", () => void command(pause, "pause"), { title: "Send no further batches; those at the provider go on" });
  const resume = button("Resume", () => void command(resume, "resume"), { class: "bnb-primary" });
  const retry = button("Retry failed", () => void command(retry, "retry_failed"), { class: "bnb-primary" });
  const buttons: [HTMLButtonElement, Command][] = [
    [rest, "rest"], [resume, "resume"], [pause, "pause"], [retry, "retry_failed"], [raise, "raise_limit"], [cancel, "cancel"],
  ];

  return {
    el: h("div", { class: "bnb-actions", role: "group", aria: { label: "Commands" } }, ...buttons.map(([node]) => node)),
    ask,
    raise: () => raise.click(),
    update(now): void {
      summary = now;
      for (const [node, name] of buttons) show(node, now.can.includes(name));
      // with nothing left to send, a higher limit changes nothing
      if (isFinal(now.state) && !now.can.includes("retry_failed")) show(raise, false);
      if (!ask.hidden && from()?.hidden) close();
    },
  };
}
