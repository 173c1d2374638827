// The widget of a single result: its evidence view, alone.
import { Channel } from "./channel.ts";
import { evidence } from "./evidence/evidence.ts";
import { h, setAria, setText, show } from "./dom.ts";
import { busyWords, endedResultWords } from "./parts/ended.ts";
import { standsIn } from "./parts/standin.ts";
import { bag, text } from "./pure/guards.ts";
import { readResult } from "./pure/snapshot.ts";
import { onFrame, widget } from "./view.ts";

export default widget((model, root, onClose) => {
  const note = h("p", { class: "bnb-status", role: "status", hidden: true });
  const channel = new Channel(model, (busy) => {
    const { run_id: runId, run } = bag(model.get("detail"));
    setText(note, channel.gone ? endedResultWords(text(runId), text(run)) : busyWords(busy));
    show(note, note.textContent !== "");
  });
  onClose(() => channel.close());
  onClose(standsIn(text(bag(model.get("detail")).view)));
  const view = evidence(channel);
  onClose(() => view.stop());
  root.append(note, view.el);
  const draw = (): void => {
    const result = readResult(model.get("detail"));
    setAria(root, "label", `Result ${result.id}`);
    view.open(result);
  };
  const frame = onFrame(draw);
  onClose(frame.stop);
  model.on("change:detail", frame.ask);
  onClose(() => model.off("change:detail", frame.ask));
  draw();
});
