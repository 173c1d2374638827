// What a view says of its kernel: that it is busy, silent or gone; where the run is, and how to see it live again.
import type { Busy } from "../channel.ts";
import type { Summary } from "../pure/snapshot.ts";
import { nameInCode } from "./export.ts";

const again = ({ name, runId }: Summary): string => `run its cell again (nothing is paid twice), or %batchata attach ${runId} --as ${nameInCode(name)}`;

/** The kernel that this view belongs to has ended. */
export const endedWords = (summary: Summary): string =>
  `This view belongs to a kernel that has ended. The run is kept: ${again(summary)}.`;

/** The same for one result of a run. */
export const endedResultWords = (runId: string, name: string): string =>
  `This view belongs to a kernel that has ended. The result is kept: %batchata attach ${runId} --as ${nameInCode(name)}, then run this cell again.`;

/** The same for the runs of a store. */
export const endedRunsWords = "This view belongs to a kernel that has ended. The runs are kept: %batchata shows them again.";

const SILENCE = "The kernel has not answered for a while: it is busy, or has ended.";
/** Nothing has been heard for long, and it cannot be told why. */
export const silentWords = (summary: Summary): string =>
  `${SILENCE} What you see is the last that was heard. If it was restarted: ${again(summary)}.`;

const BUSY: Record<NonNullable<Busy>, string> = {
  command: "Kernel busy: this will be done when the cell ends or is interrupted.",
  question: "Kernel busy: what you asked for appears when the cell ends.",
  silent: `${SILENCE} What you asked for is done when its cell ends.`,
};
/** What was asked of a busy kernel. */
export const busyWords = (busy: Busy): string => (busy ? BUSY[busy] : "");
