// Text of unknown origin, made harmless to read: what cannot be seen, or reorders what can, is shown as an escape.
// The same rule stands in batchata_nb/widgets/fallback.py.

// C0 and C1 controls except tab and line feed, soft hyphen, bidi controls, zero-width and filler characters,
// line and paragraph separators, byte order mark, interlinear marks, tag characters and lone surrogates.
const HIDDEN =
  "[\\0-\\x08\\x0b-\\x1f\\x7f-\\x9f\\xad\\u034f\\u061c\\u115f\\u1160\\u17b4\\u17b5\\u180b-\\u180e\\u200b\\u200e\\u200f" +
  "\\u2028-\\u202e\\u2060-\\u206f\\u3164\\ufeff\\uffa0\\ufff9-\\ufffb\\u{e0000}-\\u{e007f}\\ud800-\\udfff]";
// Joiners belong to the spelling of Persian, Hindi and many emoji; anywhere else they only hide something.
const JOINING = "[\\u0600-\\u1fff\\u2600-\\u27ff\\ufe0f\\u{1f000}-\\u{1faff}]";
const UNSEEN = new RegExp(`${HIDDEN}|(?<!${JOINING})[\\u200c\\u200d]|[\\u200c\\u200d](?!${JOINING})`, "gu");

/** Replace what would be invisible or would reorder its surroundings by a visible escape. */
export function visible(text: string): string {
  return text.replace(/\r\n?/g, "\n").replace(UNSEEN, (char) => {
    const code = char.codePointAt(0) ?? 0;
    const hex = code.toString(16);
    if (code < 0x100) return `\\x${hex.padStart(2, "0")}`;
    return code > 0xffff ? `\\u{${hex}}` : `\\u${hex.padStart(4, "0")}`;
  });
}

/** Cut a text to `most` UTF-16 units, never through a surrogate pair, with an ellipsis where something was cut. */
export function clip(text: string, most: number): string {
  if (text.length <= most) return text;
  const end = /[\ud800-\udbff]/.test(text.charAt(most - 2)) ? most - 2 : most - 1;
  return `${text.slice(0, end)}…`;
}

/** The address, when the whole text is one that may be followed (http, https, mailto); else null. */
export function safeLink(text: string): string | null {
  const trimmed = text.trim();
  if (trimmed !== visible(trimmed) || !/^(https?:\/\/|mailto:)\S+$/i.test(trimmed)) return null;
  try {
    const url = new URL(trimmed);
    return ["http:", "https:", "mailto:"].includes(url.protocol) ? url.href : null;
  } catch {
    return null;
  }
}
