import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { ROOT } from "../../src/repository.ts";

const TSCONFIG = {
  extends: join(ROOT, "tsconfig.base.json"),
  compilerOptions: { noEmit: true, composite: false, target: "esnext", lib: ["esnext"], isolatedDeclarations: false },
};

interface Answer {
  readonly id: number;
  readonly result: unknown;
}

/**
 * The language server of TypeScript with one open program, which resolves the workspace's packages as an application
 * does. Source of the protocol: https://microsoft.github.io/language-server-protocol
 */
export class LanguageServer implements AsyncDisposable {
  readonly #folder: string;
  readonly #code: string;
  readonly #process: ChildProcessWithoutNullStreams;
  readonly #waiting = new Map<number, (result: unknown) => void>();
  #received: Buffer = Buffer.alloc(0);
  #requests = 0;

  private constructor(folder: string, code: string) {
    this.#folder = folder;
    this.#code = code;
    const tsc = join(ROOT, "node_modules/typescript/bin/tsc");
    this.#process = spawn(process.execPath, [tsc, "--lsp", "--stdio"], { cwd: folder });
    this.#process.stdout.on("data", (data: Buffer) => this.#receive(data));
  }

  static async open(code: string): Promise<LanguageServer> {
    const folder = await mkdtemp(join(tmpdir(), "anybroker-hovers-"));
    await symlink(join(import.meta.dirname, "../../node_modules"), join(folder, "node_modules"), "junction");
    await writeFile(join(folder, "package.json"), JSON.stringify({ type: "module" }));
    await writeFile(join(folder, "tsconfig.json"), JSON.stringify(TSCONFIG));
    await writeFile(join(folder, "program.ts"), code);
    const server = new LanguageServer(folder, code);
    const capabilities = { textDocument: { hover: { contentFormat: ["markdown"] } } };
    await server.#ask("initialize", { processId: process.pid, rootUri: pathToFileURL(folder).href, capabilities });
    server.#send({ method: "initialized", params: {} });
    const document = { uri: server.#uri, languageId: "typescript", version: 1, text: code };
    server.#send({ method: "textDocument/didOpen", params: { textDocument: document } });
    return server;
  }

  /** The text that an editor shows where the code has this text for the first time: one line, without the doc comment. */
  async hover(text: string): Promise<string> {
    const [, shown = ""] = /```\w*\n([\s\S]*?)\n```/.exec(await this.markdown(text)) ?? [];
    return shown.replaceAll(/\s+/g, " ");
  }

  /** All of that text, with the doc comment. */
  async markdown(text: string): Promise<string> {
    const before = this.#code.slice(0, this.#code.indexOf(text)).split("\n");
    const position = { line: before.length - 1, character: (before.at(-1) ?? "").length };
    const result = await this.#ask("textDocument/hover", { textDocument: { uri: this.#uri }, position });
    return markdownOf(result);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#process.kill();
    await rm(this.#folder, { recursive: true, force: true });
  }

  get #uri(): string {
    return pathToFileURL(join(this.#folder, "program.ts")).href;
  }

  #ask(method: string, params: object): Promise<unknown> {
    this.#requests += 1;
    const id = this.#requests;
    this.#send({ id, method, params });
    return new Promise((resolve) => this.#waiting.set(id, resolve));
  }

  #send(message: object): void {
    const text = JSON.stringify({ jsonrpc: "2.0", ...message });
    this.#process.stdin.write(`Content-Length: ${Buffer.byteLength(text)}\r\n\r\n${text}`);
  }

  #receive(data: Buffer): void {
    this.#received = Buffer.concat([this.#received, data]);
    for (;;) {
      const head = /^[\s\S]*?Content-Length: (\d+)[\s\S]*?\r\n\r\n/i.exec(this.#received.toString("latin1"));
      if (head === null) return;
      const end = head[0].length + Number(head[1]);
      if (this.#received.length < end) return;
      const message: unknown = JSON.parse(this.#received.toString("utf8", head[0].length, end));
      this.#received = this.#received.subarray(end);
      this.#handle(message as Answer | { readonly id?: unknown; readonly method: string });
    }
  }

  #handle(message: Answer | { readonly id?: unknown; readonly method: string }): void {
    if (!("method" in message)) this.#waiting.get(message.id)?.(message.result);
    // The server asks for settings and the like, and waits for an answer.
    else if (message.id !== undefined) this.#send({ id: message.id, result: null });
  }
}

function markdownOf(result: unknown): string {
  // The cast is true: the server was asked for Markdown.
  const { contents } = result as { readonly contents: { readonly value: string } };
  return contents.value;
}
