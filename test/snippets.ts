import { execFile } from "node:child_process";
import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);
const ROOT = join(import.meta.dirname, "..");

/** What is done with a piece of code: see readme.test.ts. */
export type Mark = "compile" | "run" | "fragment" | "sketch";

/** A piece of code that is shown in a document or a doc comment. */
export interface Snippet {
  /** Relative to the repository. */
  readonly document: string;
  /** Of its first line of code, from 1. */
  readonly line: number;
  readonly language: "ts" | "js";
  readonly mark: Mark;
  readonly code: string;
  /** What it prints, when the document shows that. */
  readonly output: string | undefined;
}

interface Fence {
  readonly line: number;
  readonly info: readonly string[];
  readonly code: string;
}

const LANGUAGES: Readonly<Record<string, "ts" | "js">> = { ts: "ts", typescript: "ts", js: "js", javascript: "js" };
const MARKS: readonly Mark[] = ["compile", "run", "fragment", "sketch"];

/** The code in a Markdown text, which begins at `offset` lines into the document. */
export function inMarkdown(document: string, text: string, fallback: Mark = "compile", offset = 0): readonly Snippet[] {
  const fences = fencesOf(text);
  return fences.flatMap(({ line, info: [name = "", word, ...rest], code }, index) => {
    const language = LANGUAGES[name];
    if (language === undefined) return [];
    const mark = MARKS.find((known) => known === (word ?? fallback));
    if (mark === undefined || rest.length > 0)
      throw new Error(`${document}:${line}: unknown mark ${[word, ...rest].join(" ")}`);
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

/** How a snippet is called in the list of tests and in messages. */
export const nameOf = ({ document, line }: Snippet): string => `${document}:${line}`;

const PRELUDE = `declare global {
  const broker: import("@anybroker/core").Broker;
  const queue: import("@anybroker/core").Queue;
  const topic: import("@anybroker/core").Topic;
  const subscription: import("@anybroker/core").Readable<unknown>;
  const consumer: import("@anybroker/core").Consumer;
  const message: import("@anybroker/core").Message;
}
export {};
`;

/** A folder where snippets are files that find the workspace's packages as an application would. */
export class Workshop implements AsyncDisposable {
  readonly #folder: string;

  private constructor(folder: string) {
    this.#folder = folder;
  }

  static async open(): Promise<Workshop> {
    const folder = await mkdtemp(join(tmpdir(), "anybroker-snippets-"));
    await symlink(join(import.meta.dirname, "node_modules"), join(folder, "node_modules"), "junction");
    await writeFile(join(folder, "package.json"), JSON.stringify({ type: "module" }));
    return new Workshop(folder);
  }

  /** What the compiler says of each, by its name; those that are in order are not in it. */
  async compile(snippets: readonly Snippet[]): Promise<ReadonlyMap<string, readonly string[]>> {
    const whole = snippets.filter(({ mark }) => mark === "compile" || mark === "run");
    const fragments = snippets.filter(({ mark }) => mark === "fragment");
    const found = await Promise.all([
      this.#compile("programs", whole, ""),
      this.#compile("fragments", fragments, PRELUDE),
    ]);
    return new Map(found.flatMap((errors) => [...errors]));
  }

  /** Runs a program on the embedded broker and answers what it prints. */
  async run(snippet: Snippet): Promise<string> {
    const file = join(this.#folder, "programs", fileOf(snippet));
    const env = { ...process.env, BROKER_URL: "memory:", NO_COLOR: "1" };
    const options = { cwd: this.#folder, env, timeout: 20_000, killSignal: "SIGKILL" } as const;
    const { stdout } = await run(process.execPath, ["--conditions=@anybroker/source", file], options);
    return stdout;
  }

  async #compile(part: string, snippets: readonly Snippet[], prelude: string): Promise<Map<string, string[]>> {
    const errors = new Map<string, string[]>();
    if (snippets.length === 0) return errors;
    const folder = join(this.#folder, part);
    await mkdir(folder);
    await writeFile(join(folder, "prelude.ts"), prelude);
    await writeFile(join(folder, "tsconfig.json"), JSON.stringify(settings));
    // Empty lines before it, so that the compiler counts lines as the document does.
    const padded = ({ line, code }: Snippet): string => `${"\n".repeat(line - 1)}${code}\nexport {};\n`;
    await Promise.all(snippets.map((snippet) => writeFile(join(folder, fileOf(snippet)), padded(snippet))));
    const names = new Map(snippets.map((snippet) => [fileOf(snippet), nameOf(snippet)]));
    for (const line of (await tsc(folder)).split("\n")) {
      const [, file = "", place = ""] = /^(\S+?)\((\d+),\d+\)/.exec(line) ?? [];
      const name = names.get(file);
      if (name !== undefined)
        errors.set(name, [...(errors.get(name) ?? []), line.replace(`${file}(${place}`, `(${place}`)]);
      else if (/error TS/.test(line)) throw new Error(line);
    }
    return errors;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.#folder, { recursive: true, force: true });
  }
}

const fileOf = ({ document, line, language }: Snippet): string =>
  `${document.replaceAll(/[^A-Za-z0-9.]+/g, "-")}.${line}.${language}`;

const settings = {
  extends: join(ROOT, "tsconfig.base.json"),
  compilerOptions: {
    noEmit: true,
    composite: false,
    declaration: false,
    declarationMap: false,
    isolatedDeclarations: false,
    noUnusedLocals: false,
    noUnusedParameters: false,
    target: "esnext",
    lib: ["esnext"],
    allowJs: true,
    checkJs: true,
    rootDir: "/",
    typeRoots: [join(ROOT, "node_modules/@types")],
  },
  include: ["*"],
};

async function tsc(folder: string): Promise<string> {
  try {
    const { stdout } = await run(process.execPath, [join(ROOT, "node_modules/typescript/bin/tsc"), "-p", "."], {
      cwd: folder,
    });
    return stdout;
  } catch (error) {
    if (error instanceof Error && "stdout" in error && error.stdout !== "") return String(error.stdout);
    throw error;
  }
}
