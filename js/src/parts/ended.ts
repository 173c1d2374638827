// What a view says once its kernel has gone: where the run is, and how to see it live again.
import { nameInCode } from "./export.ts";
import type { Summary } from "../pure/snapshot.ts";

const again = ({ name, runId }: Summary): string => `run its cell again (nothing is paid twice), or %batchata attach ${runId} --as ${nameInCode(name)}`;

/** The kernel that this view belongs to has ended. */
export const endedWords = (summary: Summary): string =>
  `This view belongs to a kernel that has ended. The run is kept: ${again(summary)}.`;

/** Nothing has been heard for long, and it cannot be told why. */
export const silentWords = (summary: Summary): string =>
  `The kernel has not answered for a while: it is busy, or has ended. What you see is the last that was heard. If it was restarted: ${again(summary)}.`;
