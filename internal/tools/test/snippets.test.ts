// Code in documents must work: README.md and CONTRIBUTING.md, the README of every package and example, docs/, and the
// `@example` blocks of doc comments. How a block is checked depends on its mark: see ../src/snippets/snippet.ts.
import { globSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ROOT } from "../src/repository.ts";
import { inMarkdown, inSource, nameOf, type Snippet } from "../src/snippets/snippet.ts";
import { Workshop } from "../src/snippets/workshop.ts";

const documents = ["*.md", "docs/**/*.md", "packages/*/README.md", "examples/*/README.md"];
const sources = ["packages/*/src/**/*.ts"];

const snippetsIn = (
  patterns: readonly string[],
  find: (document: string, text: string) => readonly Snippet[],
): Snippet[] =>
  globSync(patterns, { cwd: ROOT }).flatMap((path) =>
    find(relative(ROOT, join(ROOT, path)), readFileSync(join(ROOT, path), "utf8")),
  );
const snippets = [...snippetsIn(documents, inMarkdown), ...snippetsIn(sources, inSource)];

let workshop: Workshop;
let errors: ReadonlyMap<string, readonly string[]>;
beforeAll(async () => {
  workshop = await Workshop.open();
  errors = await workshop.compile(snippets);
});
afterAll(() => workshop[Symbol.asyncDispose]());

describe("code in documents", () => {
  test.concurrent.for(
    snippets.filter(({ mark }) => mark !== "sketch").map((snippet) => [nameOf(snippet), snippet] as const),
  )("%s works", async ([name, snippet], context) => {
    context.expect(errors.get(name) ?? []).toEqual([]);
    if (snippet.mark !== "run") return;
    const output = await workshop.run(snippet);
    if (snippet.output !== undefined) context.expect(output.trimEnd()).toBe(snippet.output.trimEnd());
  });
});

describe("the checker", () => {
  const fence = "```";
  const sample = `Text\n\n${fence}ts run\nconst a: number = 1;\nconsole.log(a);\n${fence}\n${fence}text output\n1\n${fence}\n\n- ${fence}\n`;

  test("finds code with its place, its mark and its output", () => {
    expect(inMarkdown("a.md", sample)).toEqual([
      {
        document: "a.md",
        line: 4,
        language: "ts",
        mark: "run",
        code: "const a: number = 1;\nconsole.log(a);",
        output: "1",
      },
    ]);
  });

  test("finds examples in doc comments", () => {
    const source = `const x = 1;\n/**\n * What it does.\n *\n * @example\n * ${fence}ts\n * await queue.send(1);\n * ${fence}\n */\n`;
    expect(inSource("a.ts", source)).toMatchObject([{ line: 7, mark: "fragment", code: "await queue.send(1);" }]);
    expect(() => inSource("a.ts", "/** @example queue.send(1) */")).toThrow("a.ts:1: an @example without");
  });

  test("refuses an unknown mark", () => {
    expect(() => inMarkdown("a.md", `${fence}ts tun\n${fence}\n`)).toThrow("a.md:2: unknown mark tun");
  });

  test("reports an error with its place", async () => {
    await using own = await Workshop.open();
    const wrong = inMarkdown(
      "a.md",
      `${fence}ts\nconst text: string = 1;\n${fence}\n${fence}ts fragment\nqueue.sned(1);\n${fence}\n`,
    );
    const found = await own.compile([...wrong, ...inMarkdown("b.md", sample)]);
    expect([...found.keys()]).toEqual(["a.md:2", "a.md:5"]);
    expect(found.get("a.md:2")).toEqual([expect.stringContaining("(2,7): error TS2322")]);
    expect(await own.run(inMarkdown("b.md", sample)[0] ?? expect.fail())).toBe("1\n");
  });
});
