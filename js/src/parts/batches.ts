// Batches at the providers: what each is, how far it is, and what it waits for. And the log.
import { h, keyed, setText, setTitle, show } from "../dom.ts";
import { count, duration, plural, timeOfDay } from "../pure/format.ts";
import type { Batch, Summary } from "../pure/snapshot.ts";

export interface Batches {
  el: HTMLElement;
  update(summary: Summary, age: number): void;
}

/** What a batch waits for; `age` is how many seconds ago the kernel said so. */
export function waitsFor(batch: Batch, age: number): string {
  if (batch.nextPoll === null) return batch.note ?? "";
  const left = Math.ceil(batch.nextPoll - age);
  const next = left > 0 ? `next look in ${duration(left)}` : "looking now";
  return batch.note ? `${batch.note}; ${next}` : next;
}

const VENDOR: Record<string, string> = { anthropic: "Anthropic", openai: "OpenAI", gemini: "Gemini" };

const done = (batch: Batch): string => (batch.done === null ? plural(batch.rows, "job") : `${count(batch.done)} of ${plural(batch.rows, "job")}`);

export function batches(): Batches {
  const title = h("span");
  const list = h("ul", { class: "bnb-batches" });
  const more = h("p", { class: "bnb-note" });
  const box = h("details", { class: "bnb-fold" }, h("summary", {}, h("b", {}, "Batches"), title), list, more);
  box.open = true;
  const logTitle = h("span");
  const logList = h("ol", { class: "bnb-log" });
  const log = h("details", { class: "bnb-fold" }, h("summary", {}, h("b", {}, "Log"), logTitle), logList);

  return {
    el: h("div", { class: "bnb-folds" }, box, log),
    update({ batches: all, log: lines, models }, age): void {
      show(box, all.total > 0);
      setText(title, `${count(all.open)} open of ${count(all.total)}`);
      keyed<Batch, HTMLElement>(
        list,
        all.list,
        (batch) => batch.tag,
        () => h("li", {}, h("span", { class: "bnb-word" }), h("span", { class: "bnb-who" }), h("code"), h("span", { class: "bnb-done" }, h("span", { class: "bnb-track", aria: { hidden: "true" } }, h("span")), h("span")), h("span", { class: "bnb-note" })),
        (node, batch) => {
          const [word, who, id, progress, note] = [...node.children] as HTMLElement[];
          if (!word || !who || !id || !progress || !note) return;
          node.className = `bnb-batch bnb-batch-${/^[a-z]+$/.test(batch.state) ? batch.state : "other"}`;
          setText(word, (batch.word || batch.state).replaceAll("_", " "));
          setText(who, models.length > 1 ? batch.model : (VENDOR[batch.provider] ?? batch.provider));
          setTitle(who, `${batch.provider}, ${batch.model}`);
          setText(id, batch.batchId ?? "no id yet");
          setTitle(id, batch.batchId === null ? `our tag ${batch.tag}` : `${batch.provider}'s id ${batch.batchId}, our tag ${batch.tag}`);
          const [track, words] = [...progress.children] as HTMLElement[];
          if (!track || !words) return;
          (track.firstChild as HTMLElement).style.width = `${batch.done === null || !batch.rows ? 0 : (100 * batch.done) / batch.rows}%`;
          setText(words, done(batch));
          setText(note, waitsFor(batch, age));
          setTitle(note, batch.note ?? "");
        },
      );
      const rest = all.total - all.list.length;
      show(more, rest > 0);
      setText(more, `and ${plural(rest, "batch").replace("batchs", "batches")} more`);
      show(log, lines.length > 0);
      setText(logTitle, lines.at(-1)?.text ?? "");
      keyed(logList, lines, (line, i) => `${line.at} ${i} ${line.text}`, (line) => h("li", {}, h("time", {}, timeOfDay(line.at)), h("span", {}, line.text)), () => undefined);
    },
  };
}
