// Putting text on the clipboard, also where the browser's newer way is closed (plain http).

export async function copy(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return copyByCommand(text);
  }
}

function copyByCommand(text: string): boolean {
  const before = document.activeElement as HTMLElement | null;
  const box = document.createElement("textarea");
  box.value = text;
  box.className = "bnb-offscreen";
  document.body.append(box);
  box.select();
  try {
    return document.execCommand("copy");
  } catch {
    return false;
  } finally {
    box.remove();
    before?.focus({ preventScroll: true });
  }
}

/** A cell as a spreadsheet takes it: quoted when it holds what parts cells and lines. */
export const tabbed = (cells: readonly string[]): string =>
  cells.map((text) => (/[\t\r\n"]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text)).join("\t");
