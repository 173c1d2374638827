// Submissions of which no answer came: the provider's list decides, or a person who knows better; asked back in place.
import { button, h, icon, keyed, setText, show } from "../dom.ts";
import type { Bag } from "../pure/guards.ts";
import { plural } from "../pure/format.ts";
import type { Batch, Command, Summary } from "../pure/snapshot.ts";
import { onKey } from "../view.ts";
import { asking } from "./asking.ts";

export interface Reconcile {
  el: HTMLElement;
  update(summary: Summary): void;
}

type Run = (command: Command, args?: Bag) => Promise<void>;

const VENDOR: Record<string, string> = { anthropic: "Anthropic", openai: "OpenAI", gemini: "Gemini" };
const who = (batch: Batch): string => VENDOR[batch.provider] ?? batch.provider;

export function reconcile(run: Run): Reconcile {
  let lost: Batch[] = [];
  const list = h("ul", { class: "bnb-lost", aria: { label: "Batches that may have been accepted" } });
  return {
    el: list,
    update(summary): void {
      lost = summary.can.includes("reconcile") && summary.driver ? summary.batches.list.filter((batch) => batch.state === "uncertain") : [];
      show(list, lost.length > 0);
      keyed(list, lost, (batch) => batch.tag, (batch) => one(batch, () => lost.find((now) => now.tag === batch.tag) ?? batch, run), (node, batch) => {
        setText(node.querySelector(".bnb-note") as Element, batch.maybe.length ? `It may be ${batch.maybe.join(" or ")}; its rows will tell when it ends.` : "Its list is being looked at, and mostly tells.");
      });
    },
  };
}

/** One lost submission with its two ways out; `now` is what is known of it by the time of a click. */
function one(batch: Batch, now: () => Batch, run: Run): HTMLLIElement {
  const { el: ask, open, close } = asking();
  const decide = (args: Bag): void => {
    close();
    void run("reconcile", { ...args, tag: batch.tag });
  };

  const accepted = button("It was accepted…", () => {
    const input = h("input", { type: "text", class: "bnb-input", aria: { label: `Id of the batch at ${who(batch)}` } });
    input.value = now().maybe[0] ?? "";
    const wrong = h("span", { class: "bnb-wrong", role: "alert" });
    const go = (): void => {
      const id = input.value.trim();
      if (id) decide({ batch_id: id });
      else setText(wrong, `Copy the id from ${who(batch)}'s console.`);
    };
    onKey(input, (event) => {
      if (event.key === "Enter") go();
      return event.key === "Enter";
    });
    open(accepted, h("label", {}, `Its id at ${who(batch)}`, input), button("This is it", go, { class: "bnb-primary" }), button("Leave it", close), wrong,
      h("span", { class: "bnb-note" }, "Its rows are checked: a wrong one does no harm."));
    input.focus();
    input.select();
  }, { class: "bnb-small" });
  const refused = button("It was not…", () => {
    const leave = button("Leave it", close);
    open(refused, h("span", {}, `Send its ${plural(batch.rows, "job")} again? If ${who(batch)} did accept it, they are paid twice.`),
      button("Send again", () => decide({ never_accepted: true }), { class: "bnb-danger" }), leave);
    leave.focus();
  }, { class: "bnb-small" });

  return h("li", {}, icon("missing"), h("b", {}, "Not known"), h("span", {}, `whether ${who(batch)} accepted ${plural(batch.rows, "job")}; they are not sent meanwhile.`),
    h("span", { class: "bnb-note" }), accepted, refused, ask);
}
