// The rules for untrusted text, as a search through the sources.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";

const src = join(import.meta.dirname, "..", "src");
const files = readdirSync(src, { recursive: true, encoding: "utf8" }).filter((name) => /\.(ts|css)$/.test(name));
const FORBIDDEN = [
  /innerHTML|outerHTML|insertAdjacentHTML|setHTMLUnsafe|createContextualFragment|DOMParser|srcdoc|document\.write/,
  /cssText|setAttribute\(\s*["'`]style|setAttribute\(\s*["'`]on|\.on[a-z]+\s*=/,
  /\beval\b|new Function|set(?:Timeout|Interval)\(\s*["'`]/,
  /\bfetch\(|XMLHttpRequest|WebSocket|EventSource|sendBeacon|\bimport\(|\burl\(/,
  /\bset\([^)]*\bmodel\b|model\.set|save_changes/,
];

test("style sheets import only their neighbours", () => {
  for (const name of files) {
    const imports = [...readFileSync(join(src, name), "utf8").matchAll(/@import\s+([^;]*)/g)].map((match) => match[1] ?? "");
    expect(imports.filter((target) => !/^"\.\/[a-z]+\.css"$/.test(target))).toEqual([]);
  }
});

test("there are sources to search", () => {
  expect(files.length).toBeGreaterThan(15);
});

test.each(files)("%s makes no markup, no style from text and no request", (name) => {
  const source = readFileSync(join(src, name), "utf8").replace(/^\s*\/\/.*$/gm, "");
  expect(FORBIDDEN.filter((rule) => rule.test(source))).toEqual([]);
});

test("text enters nodes through dom.ts", () => {
  const direct = files.filter((name) => /\.(textContent|innerText|title|alt|placeholder)\s*=[^=]/.test(readFileSync(join(src, name), "utf8")));
  // actions.ts and table.ts put words of their own there, pages.ts a page number
  expect(direct.sort()).toEqual(["dom.ts", "evidence/pages.ts", "parts/actions.ts", "parts/table.ts"]);
});

test("every class of the style sheets is ours", () => {
  for (const name of files.filter((file) => file.endsWith(".css"))) {
    const source = readFileSync(join(src, name), "utf8").replace(/\/\*[\s\S]*?\*\//g, "").replace(/"[^"]*"/g, "");
    const classes = [...source.matchAll(/\.([a-z][\w-]*)/g)].map((match) => match[1] ?? "");
    expect(classes.filter((word) => !/^bnb(-|$)/.test(word) && !/^vscode-(dark|light|high-contrast(-light)?)$/.test(word))).toEqual([]);
  }
});
