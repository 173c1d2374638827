// The widget of a single result: its evidence view, alone.
import { Channel } from "./channel.ts";
import { evidence } from "./evidence/evidence.ts";
import { setAria } from "./dom.ts";
import { readResult } from "./pure/snapshot.ts";
import { onFrame, widget } from "./view.ts";

export default widget((model, root, onClose) => {
  const channel = new Channel(model);
  onClose(() => channel.close());
  const view = evidence(channel);
  onClose(() => view.stop());
  root.append(view.el);
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
