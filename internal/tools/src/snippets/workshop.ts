import { execFile } from "node:child_process";
import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { ROOT } from "../repository.ts";
import { nameOf, type Snippet } from "./snippet.ts";

const run = promisify(execFile);

const GLOBALS_OF_FRAGMENTS = `declare global {
  const broker: import("@anybroker/core").Broker;
  const queue: import("@anybroker/core").Queue;
  const topic: import("@anybroker/core").Topic;
  const subscription: import("@anybroker/core").Readable<unknown>;
  const consumer: import("@anybroker/core").Consumer;
  const message: import("@anybroker/core").Message;
}
export {};
`;

const TSCONFIG = {
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

/** A temporary folder in which snippets are files that resolve the workspace's packages as an application does. */
export class Workshop implements AsyncDisposable {
  readonly #folder: string;

  private constructor(folder: string) {
    this.#folder = folder;
  }

  static async open(): Promise<Workshop> {
    const folder = await mkdtemp(join(tmpdir(), "anybroker-snippets-"));
    await symlink(join(import.meta.dirname, "../../node_modules"), join(folder, "node_modules"), "junction");
    await writeFile(join(folder, "package.json"), JSON.stringify({ type: "module" }));
    return new Workshop(folder);
  }

  /** Returns the compiler's errors by the name of the snippet, only for those that have any. */
  async compile(snippets: readonly Snippet[]): Promise<ReadonlyMap<string, readonly string[]>> {
    const programs = snippets.filter(({ mark }) => mark === "compile" || mark === "run");
    const fragments = snippets.filter(({ mark }) => mark === "fragment");
    const found = await Promise.all([
      this.#compile("programs", programs, ""),
      this.#compile("fragments", fragments, GLOBALS_OF_FRAGMENTS),
    ]);
    return new Map(found.flatMap((errors) => [...errors]));
  }

  /** Runs a compiled program on the embedded broker and returns what it prints. */
  async run(snippet: Snippet): Promise<string> {
    const file = join(this.#folder, "programs", fileOf(snippet));
    const env = { ...process.env, BROKER_URL: "memory:", NO_COLOR: "1" };
    const options = { cwd: this.#folder, env, timeout: 20_000, killSignal: "SIGKILL" } as const;
    const { stdout } = await run(process.execPath, ["--conditions=@anybroker/source", file], options);
    return stdout;
  }

  async #compile(kind: string, snippets: readonly Snippet[], globals: string): Promise<Map<string, string[]>> {
    const errors = new Map<string, string[]>();
    if (snippets.length === 0) return errors;
    const folder = join(this.#folder, kind);
    await mkdir(folder);
    await writeFile(join(folder, "globals.ts"), globals);
    await writeFile(join(folder, "tsconfig.json"), JSON.stringify(TSCONFIG));
    // Empty lines before the code make the compiler's line numbers those of the document.
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

function fileOf({ document, line, language }: Snippet): string {
  return `${document.replaceAll(/[^A-Za-z0-9.]+/g, "-")}.${line}.${language}`;
}

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
