// Staying in touch: some hosts drop what a kernel's threads send, so a view that hears nothing asks by itself.
import type { Channel } from "../channel.ts";

/** A view that heard nothing for this long asks (milliseconds). */
const QUIET = 2000;
/** The same for a run that waits for its user. */
const AT_REST = 15_000;
/** After this long without a word the view says so. */
export const SILENT = 15_000;
const TICK = 1000;

export interface Pulse {
  /** Whether nothing changes by itself: `final` for good, `rest` until the user acts. */
  state(): "live" | "rest" | "final";
  /** A summary that came as an answer. */
  take(summary: unknown): void;
  /** Once a second, while the run is not final; `silent` when the kernel has not answered for long. */
  tick(silent: boolean): void;
}

/** Beat once a second; returns the end of it. */
export function beat(channel: Channel, { state, take, tick }: Pulse): () => void {
  let pulling = false;

  async function pull(): Promise<void> {
    pulling = true;
    try {
      const answer = await channel.pull();
      if (answer) take(answer);
    } catch {
      // silence is said by `tick`; the next beat asks again
    } finally {
      pulling = false;
    }
  }

  const timer = setInterval(() => {
    const now = state();
    if (document.hidden || now === "final") return;
    const quiet = performance.now() - channel.heard;
    tick(quiet > SILENT && now === "live");
    if (!pulling && quiet > (now === "rest" ? AT_REST : QUIET)) void pull();
  }, TICK);
  return () => clearInterval(timer);
}
