// Things a person should know, each one line: practice, another kernel, held jobs, kinds of failure.
import { button, h, icon, keyed, setAria, setText, setTitle, show } from "../dom.ts";
import { count, dollars, plural } from "../pure/format.ts";
import type { ErrorGroup, Summary } from "../pure/snapshot.ts";

export interface Notices {
  el: HTMLElement;
  /** `cause`: the kind of failure that the table shows alone. */
  update(summary: Summary, cause: string | null): void;
}

/** What the button beside a group of failed jobs says. */
const remedy = (error: ErrorGroup): string =>
  error.more !== null ? `Retry with ${count(error.more)}` : error.kind === "invalid_output" ? "Retry with the reason" : "Retry";

export function notices(onRetry: (error: ErrorGroup) => void, onRaise: () => void, onCause: (kind: string) => void): Notices {
  const practice = h("p", { class: "bnb-notice bnb-practice" }, h("b", {}, "Practice"), h("span", {}, "No model was asked; nothing was sent or paid."));
  const follower = h("p", { class: "bnb-notice" }, h("b", {}, "Following"), h("span", {}, "Another kernel drives this run; this view follows it and takes over if that kernel ends."));
  const heldText = h("span");
  const raise = button("Raise limit…", onRaise, { class: "bnb-small bnb-primary" });
  const held = h("p", { class: "bnb-notice bnb-is-held" }, icon("held"), h("b", {}, "Held"), heldText, h("span", { class: "bnb-gap" }), raise);
  let groups: ErrorGroup[] = [];
  const wholeText = h("span");
  const whole = h("p", { class: "bnb-notice" }, h("b", {}, "Preview"), wholeText);
  const errors = h("ul", { class: "bnb-errors", aria: { label: "Failures by cause" } });

  return {
    el: h("div", { class: "bnb-notices" }, practice, follower, whole, held, errors),
    update(summary, cause): void {
      show(practice, summary.practice);
      show(follower, !summary.driver);
      const { preview } = summary;
      show(whole, Boolean(preview?.left));
      if (preview) setText(wholeText, `${count(preview.left)} of ${plural(preview.jobs, "job")} are left. As a batch the whole would cost, as measured: ${preview.models.map(({ model, words }) => (preview.models.length > 1 ? `${model} ${words}` : words)).join("; ")}.`);
      show(held, summary.held !== null);
      if (summary.held) {
        const { jobs, needs } = summary.held;
        show(raise, summary.can.includes("raise_limit"));
        setText(heldText, `${plural(jobs, "job")} did not fit under the limit; ${dollars(needs)} more would release ${jobs === 1 ? "it" : "them"}.`);
      }
      groups = summary.errors;
      const retry = summary.can.includes("retry_failed");
      show(errors, summary.errors.length > 0);
      keyed<ErrorGroup, HTMLElement>(
        errors,
        summary.errors,
        (error) => error.kind,
        (error) =>
          h("li", {}, icon("errored"), h("b"), button(error.kind.replaceAll("_", " "), () => onCause(error.kind), { class: "bnb-kind" }), h("span", { class: "bnb-message" }),
            button("Retry", () => {
              const now = groups.find((group) => group.kind === error.kind);
              if (now) onRetry(now);
            }, { class: "bnb-small" })),
        (node, error) => {
          setText(node.children[1] as Element, `${count(error.count)} ×`);
          const kind = node.children[2] as HTMLElement;
          setAria(kind, "pressed", String(cause === error.kind));
          setTitle(kind, cause === error.kind ? "Show all jobs again" : "Show only these jobs");
          setText(node.children[3] as Element, error.message);
          const again = node.children[4] as HTMLElement;
          setText(again, remedy(error));
          setAria(again, "label", `${remedy(error)}: ${plural(error.count, "job")} that failed with ${error.kind.replaceAll("_", " ")}`);
          show(again, retry && error.retry);
        },
      );
    },
  };
}
