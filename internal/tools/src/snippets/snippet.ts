/**
 * How a block of code is checked. The mark follows the language, as in "ts run".
 * - `compile`: it compiles, strictly, as a module of its own. The default in documents.
 * - `run`: it also runs on the embedded broker and ends by itself, with exit code 0. BROKER_URL is "memory:". If the next
 *   block is marked "text output", that is exactly what it prints.
 * - `fragment`: it compiles where `broker`, `queue`, `topic`, `subscription`, `consumer` and `message` are declared. The
 *   default in `@example` blocks.
 * - `sketch`: it is not checked.
 */
export type Mark = "compile" | "run" | "fragment" | "sketch";

/** A piece of code that a document or a doc comment shows. */
export interface Snippet {
  /** The path from the root of the repository. */
  readonly document: string;
  /** The number of its first line of code, from 1. */
  readonly line: number;
  readonly language: "ts" | "js";
  readonly mark: Mark;
  readonly code: string;
  /** Its output, where the document shows that. */
  readonly output: string | undefined;
}

interface Fence {
  readonly line: number;
  readonly info: readonly string[];
  readonly code: string;
}

const LANGUAGES: Readonly<Record<string, "ts" | "js">> = { ts: "ts", typescript: "ts", js: "js", javascript: "js" };
const MARKS: readonly Mark[] = ["compile", "run", "fragment", "sketch"];

/** The code in a Markdown text that begins `offset` lines into the document. Code without a mark has `fallback`. */
export function inMarkdown(document: string, text: string, fallback: Mark = "compile", offset = 0): readonly Snippet[] {
  const fences = fencesOf(text);
  return fences.flatMap(({ line, info: [name = "", word, ...more], code }, index) => {
    const language = LANGUAGES[name];
    if (language === undefined) return [];
    const mark = MARKS.find((known) => known === (word ?? fallback));
    if (mark === undefined || more.length > 0)
      throw new Error(`${document}:${line}: unknown mark ${[word, ...more].join(" ")}`);
    const next = fences[index + 1];
    const output = next?.info.join(" ") === "text output" ? next.code : undefined;
    return [{ document, line: line + offset, language, mark, code, output }];
  });
}

/** The code in the `@example` blocks of a source file's doc comments. */
export function inSource(document: string, text: string): readonly Snippet[] {
  return [...text.matchAll(/\/\*\*[\s\S]*?\*\//g)].flatMap(({ 0: comment, index }) => {
    if (!comment.includes("@example")) return [];
    const offset = text.slice(0, index).split("\n").length - 1;
    const plain = comment.replace(/^\s*(\/\*\*| \*\/|\* ?)/gm, "");
    const found = inMarkdown(document, plain, "fragment", offset);
    if (found.length === 0) throw new Error(`${document}:${offset + 1}: an @example without a block of code`);
    return found;
  });
}

/** The name of a snippet in the list of tests and in messages: document and line. */
export function nameOf({ document, line }: Snippet): string {
  return `${document}:${line}`;
}

function fencesOf(text: string): readonly Fence[] {
  const fences: Fence[] = [];
  let open: { line: number; indent: string; ticks: string; info: string[]; code: string[] } | undefined;
  for (const [index, line] of text.split("\n").entries()) {
    const [, indent = "", ticks = "", info = ""] = /^(\s*)(`{3,})(.*)$/.exec(line) ?? [];
    if (open === undefined) {
      if (ticks !== "") open = { line: index + 2, indent, ticks, info: info.trim().split(/\s+/), code: [] };
    } else if (ticks === open.ticks && info.trim() === "") {
      fences.push({ line: open.line, info: open.info, code: open.code.join("\n") });
      open = undefined;
    } else {
      open.code.push(line.startsWith(open.indent) ? line.slice(open.indent.length) : line.trimStart());
    }
  }
  return fences;
}
