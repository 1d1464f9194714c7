// A program is one file, made by the commands of docs/bundles.md, and runs where nothing is installed.
import { exec, execFile } from "node:child_process";
import { mkdtemp, readdir, rename, rm, symlink, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { read } from "../src/repository.ts";
import { inMarkdown } from "../src/snippets/snippet.ts";

const run = promisify(execFile);
const runInShell = promisify(exec);

const page = read("docs/bundles.md");

/** The commands of the page, by the format of the bundle that they make. */
const commands = new Map(
  [...page.matchAll(/^npx esbuild (.* --format=(\w+).*)$/gm)].map(([, args = "", format = ""]) => [format, args]),
);
const formats = [...commands.keys()];

/** The program of the page, which chooses its adapter by URL. */
const [byUrl = expect.fail("docs/bundles.md has no program")] = inMarkdown("docs/bundles.md", page);

const onMemory = `
import { connect } from "@anybroker/memory";

async function main(): Promise<void> {
  await using broker = await connect("memory:");
  const emails = broker.queue<{ to: string }>("emails");
  const { promise: done, resolve } = Promise.withResolvers<void>();
  await emails.send({ to: "ada@example.com" });
  await emails.consume(({ body }) => resolve(console.log(\`a mail to \${body.to}\`)));
  await done;
}
void main();
`;

/** A program that sends a message, or prints what `connect` rejects with. */
const sends = (adapter: string, target: string): string => `
import { BrokerError, connect } from "@anybroker/${adapter}";

async function main(): Promise<void> {
  await using broker = await connect(${JSON.stringify(target)}, { connectTimeout: 3_000 });
  await broker.queue("emails").send({ to: "ada@example.com" });
}
main().catch((error) => console.log(error instanceof BrokerError, error.code, error.message));
`;

/** Without NODE_PATH, where pnpm's starters name every package of the workspace. */
const env = { ...process.env, NODE_PATH: "", BROKER_URL: "memory:", NO_COLOR: "1" };
const esbuild = createRequire(import.meta.url).resolve("esbuild/bin/esbuild");

/** Programs find the packages of the workspace, and bundles find none. */
let folders: { readonly programs: string; readonly bundles: string };
beforeAll(async () => {
  const [programs = "", bundles = ""] = await Promise.all(
    ["programs", "bundles"].map((name) => mkdtemp(join(tmpdir(), `anybroker-${name}-`))),
  );
  folders = { programs, bundles };
  await symlink(join(import.meta.dirname, "../node_modules"), join(programs, "node_modules"), "junction");
});
afterAll(() => Promise.all(Object.values(folders).map((folder) => rm(folder, { recursive: true, force: true }))));

/** Makes a bundle of a program with a command of the page, runs it, and returns what it prints. */
async function outputOf(format: string, program: string, more = ""): Promise<string> {
  const source = await mkdtemp(join(folders.programs, "program-"));
  await writeFile(join(source, "main.ts"), program);
  const flags = `${commands.get(format)} ${more} --conditions=@anybroker/source --log-level=warning`;
  const { stderr } = await runInShell(`"${process.execPath}" "${esbuild}" ${flags}`, { cwd: source, env });
  if (stderr !== "") throw new Error(stderr);
  const cwd = await mkdtemp(join(folders.bundles, "bundle-"));
  const [name = ""] = await readdir(join(source, "dist"));
  await rename(join(source, "dist", name), join(cwd, name));
  const { stdout } = await run(process.execPath, [join(cwd, name)], { cwd, env, timeout: 20_000 });
  return stdout.trimEnd();
}

test("the page has a command for each format", () => {
  expect(formats).toEqual(["esm", "cjs"]);
});

describe.concurrent.for(formats)("a bundle as %s", (format) => {
  test("runs on the embedded broker", async () => {
    expect(await outputOf(format, onMemory)).toBe("a mail to ada@example.com");
  });

  test.for([
    ["rabbitmq", "amqp://127.0.0.1:1"],
    ["redis", "redis://127.0.0.1:1"],
    ["kafka", "kafka://127.0.0.1:1"],
  ] as const)("of %s has all it needs to connect", async ([adapter, target]) => {
    const refused = `true UNAVAILABLE cannot connect to ${target}: `;
    const output = await outputOf(format, sends(adapter, target), "--external:@platformatic/kafka");
    expect(output).toBe(`${refused}${adapter === "kafka" ? "Connection error: " : ""}connect ECONNREFUSED 127.0.0.1:1`);
  });

  test("chooses the adapter by URL with the option drivers", async () => {
    expect(await outputOf(format, byUrl.code)).toBe(byUrl.output);
  });

  test("says that it needs the option drivers", async () => {
    const output = await outputOf(format, sends("core", "redis://127.0.0.1:1"));
    expect(output).toMatch(
      /^true ADAPTER_MISSING no adapter for redis: .* in the option `drivers`.*\/docs\/bundles\.md /,
    );
  });

  test("says that the second client of Kafka cannot be in it", async () => {
    const output = await outputOf(format, sends("kafka", "kafka://127.0.0.1:1?client=platformatic"));
    expect(output).toMatch(
      /^true ADAPTER_MISSING the client "platformatic" .* a bundle must leave it out, as external/,
    );
  });
});
