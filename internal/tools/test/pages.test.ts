// Checks the documents against the code.
import { existsSync, globSync, readFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { CASES } from "@anybroker/conformance";
import { DEFAULTS, ERROR_CODES } from "@anybroker/core";
import { DELAY_STEPS } from "@anybroker/core/driver";
import { describe, expect, test } from "vitest";
import { queueArguments } from "../../../packages/rabbitmq/src/topology.ts";
import { codeBlock } from "../src/pages/code.ts";
import { ADAPTER_OPTIONS, OPTIONS } from "../src/pages/options.ts";
import { PAGES, upToDate } from "../src/pages/pages.ts";
import { pathOfPublished, ROOT, read } from "../src/repository.ts";

/** The cells of all table rows, without the heads. */
const rowsOf = (document: string): readonly (readonly string[])[] =>
  read(document)
    .split("\n")
    .filter(
      (line, index, lines) => line.startsWith("|") && !/^\| -/.test(line) && !/^\| -/.test(lines[index + 1] ?? ""),
    )
    .map((line) =>
      line
        .split(/(?<!\\)\|/)
        .slice(1, -1)
        .map((cell) => cell.trim()),
    );

test.for(PAGES)("%s is up to date (npm run docs writes it)", (document) => {
  expect(read(document)).toBe(upToDate(document));
});

describe("a quotation of code", () => {
  const path = "examples/smallest-driver/driver.ts";

  test("is the declaration with its doc comment", () => {
    expect(codeBlock(path, "copyOf")).toMatch(
      /^```ts sketch\n\/\*\* A copy [^\n]+\nfunction copyOf\([^\n]+\n[^\n]+\n}\n```$/,
    );
    expect(codeBlock(path, "ShelfLink.listsOf")).toMatch(
      /^```ts sketch\n\/\*\* The lists that [^\n]+\nlistsOf\(entity/,
    );
  });

  test("names a declaration that exists", () => {
    expect(() => codeBlock(path, "Nothing")).toThrow("examples/smallest-driver/driver.ts declares no Nothing");
  });
});

describe("docs/guarantees.md", () => {
  const promises = rowsOf("docs/guarantees.md");
  const ids = new Set(CASES.map(({ id }) => id));
  const casesOf = (row: readonly string[]): readonly string[] =>
    [...(row.at(-1) ?? "").matchAll(/`([^`]+)`/g)].map(([, id = ""]) => id);

  test("each promise has a cell for each backend, and names a case that shows it", () => {
    expect(promises.length).toBeGreaterThan(30);
    expect(promises.filter((row) => row.length !== 6 || row.includes("") || casesOf(row).length === 0)).toEqual([]);
  });

  test("each case it names exists", () => {
    expect(promises.flatMap(casesOf).filter((id) => !ids.has(id))).toEqual([]);
  });
});

describe("docs/errors.md", () => {
  const rows = rowsOf("docs/errors.md").filter((row) => row.length === 4);

  test("describes each error code, and no other, in the order of the code", () => {
    expect(rows.map(([code]) => code)).toEqual(ERROR_CODES.map((code) => `\`${code}\``));
  });

  test("has the meaning, the remedy, and whether to try again for each code", () => {
    expect(rows.filter((row) => row.includes(""))).toEqual([]);
    expect(rows.filter((row) => !/^(yes|no|seldom)\b/.test(row[3] ?? ""))).toEqual([]);
  });
});

describe("the doc comments of options", () => {
  const { retry, sendBuffer, batch, reconnect, ...defaults } = DEFAULTS;
  const numbers: Readonly<Record<string, readonly number[]>> = {
    "ConnectOptions.lease": [defaults.lease],
    "ConnectOptions.connectTimeout": [defaults.connectTimeout],
    "ConnectOptions.reconnect": [reconnect.initial, reconnect.max],
    "ConnectOptions.sendBuffer": [sendBuffer.messages, sendBuffer.bytes / 1_048_576],
    "SendOptions.priority": [defaults.priority],
    "SendOptions.timeout": [defaults.sendTimeout],
    "ConsumeOptions.concurrency": [defaults.concurrency],
    "ConsumeOptions.prefetch": [defaults.prefetchFactor],
    "ConsumeOptions.timeout": [defaults.handlerTimeout, defaults.handlerTimeout / 60_000],
    "ConsumeOptions.drainTimeout": [defaults.drainTimeout],
    "ConsumeBatchOptions.max": [batch.max],
    "ConsumeBatchOptions.wait": [batch.wait],
    "RetryPolicy.attempts": [retry.attempts],
    "Backoff.initial": [retry.backoff.initial],
    "Backoff.max": [retry.backoff.max],
    "Backoff.factor": [retry.backoff.factor],
    "Backoff.jitter": [retry.backoff.jitter],
  };
  const documentedDefaults = (option: string): readonly number[] => {
    const { fallback = "" } = OPTIONS.find(({ owner, name }) => `${owner}.${name}` === option) ?? {};
    return [...fallback.replaceAll(/(?<=\d) (?=\d)/g, "").matchAll(/\d+(\.\d+)?/g)].map(([number]) => Number(number));
  };

  test.for(Object.entries(numbers))("%s has the default of the code", ([option, values]) => {
    expect(documentedDefaults(option)).toEqual(values);
  });

  test("no other option has a number for a default", () => {
    const known = [...Object.keys(numbers), "TopicOptions.retention", "SendOptions.id"];
    const others = OPTIONS.map(({ owner, name }) => `${owner}.${name}`).filter((option) => !known.includes(option));
    expect(others.filter((option) => documentedDefaults(option).length > 0)).toEqual([]);
  });
});

describe("the doc comments of the public API", () => {
  const all = [...OPTIONS, ...ADAPTER_OPTIONS].map((option) => ({ ...option, full: `${option.owner}.${option.name}` }));
  const isDuration = /\.(\w*[tT]imeout|lease|reconnect|heartbeat|wait|delay|ttl|retention)$|^Backoff\.(initial|max)$/;

  test("every option has one", () => {
    expect(all.filter(({ text }) => text === "").map(({ full }) => full)).toEqual([]);
  });

  test("a duration says that it is in milliseconds, and a size that it is in bytes", () => {
    const durations = all.filter(({ full }) => isDuration.test(full));
    expect(durations.length).toBeGreaterThan(15);
    expect(durations.filter(({ text }) => !/in milliseconds/.test(text)).map(({ full }) => full)).toEqual([]);
    const sizes = all.filter(({ full }) => /[bB]ytes|sendBuffer/.test(full));
    expect(sizes.filter(({ text }) => !/bytes/.test(text)).map(({ full }) => full)).toEqual([]);
  });

  const verbs = "send sendBatch publish publishBatch consume consumeBatch subscribe declare".split(" ");

  test.for(verbs)("%s has an example", (verb) => {
    const source = read("packages/core/src/api/destinations.ts") + read("packages/core/src/api/broker.ts");
    const [, comment = ""] = new RegExp(`/\\*\\*((?:(?!\\*/)[\\s\\S])*)\\*/\\s+${verb}\\(`).exec(source) ?? [];
    expect(comment).toContain("@example");
  });

  test.for([
    "core/src/broker/connect.ts",
    ...["memory", "rabbitmq", "kafka", "redis"].map((name) => `${name}/src/index.ts`),
  ])("connect of packages/%s has an example", (path) => {
    const [, comment = ""] =
      /\/\*\*((?:(?!\*\/)[\s\S])*)\*\/\s+export const connect\b/.exec(read(`packages/${path}`)) ?? [];
    expect(comment).toContain("@example");
  });
});

describe("numbers in the text", () => {
  const seconds = DELAY_STEPS.filter((ms) => ms < 60_000).map((ms) => ms / 1_000);
  const minutes = DELAY_STEPS.filter((ms) => ms >= 60_000).map((ms) => ms / 60_000);
  const ladder = `${seconds.join(", ")} s, ${minutes.join(", ")} min`;
  const limit = Number(queueArguments("Q", false)["x-delivery-limit"]);

  test.for([
    ["docs/guarantees.md", ladder],
    ["docs/decisions/delays.md", ladder],
    ["docs/guarantees.md", `${limit} deliveries`],
    ["docs/guarantees.md", `a delivery limit of ${limit}`],
  ] as const)("%s says %s", ([document, text]) => {
    expect(read(document)).toContain(text);
  });
});

describe("docs/decisions", () => {
  const pages = globSync("docs/decisions/*.md", { cwd: ROOT }).filter((page) => !page.endsWith("README.md"));

  test("each page is in the index", () => {
    const index = rowsOf("docs/decisions/README.md").flatMap(([area = ""]) => /\]\((.+)\)/.exec(area)?.[1] ?? []);
    expect(index.toSorted()).toEqual(pages.map((page) => basename(page)).toSorted());
  });
});

describe("links", () => {
  const documents = globSync(
    ["*.md", "docs/**/*.md", "packages/*/README.md", "examples/*/README.md", "bench/README.md"],
    {
      cwd: ROOT,
    },
  );
  const slug = (heading: string): string =>
    heading
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N} _-]/gu, "")
      .replaceAll(" ", "-");
  const anchors = (path: string): readonly string[] =>
    [...readFileSync(path, "utf8").matchAll(/^#+ (.+)$/gm)].map(([, heading = ""]) => slug(heading));

  test.for(documents)("of %s exist", (document) => {
    const prose = read(document).replaceAll(/^(`{3,})[\s\S]*?^\1$|`[^`\n]*`/gm, "");
    const targets = [...prose.matchAll(/\]\(([^)]+)\)/g)].map(([, target = ""]) => target);
    const broken = targets.filter((target) => {
      const published = pathOfPublished(target);
      if (published === undefined && /^https?:/.test(target)) return false;
      const [path = "", anchor] = (published ?? target).split("#");
      const folder = published === undefined ? dirname(document) : "";
      const file = path === "" ? join(ROOT, document) : join(ROOT, folder, path);
      return !existsSync(file) || (anchor !== undefined && !anchors(file).includes(anchor));
    });
    expect(broken).toEqual([]);
  });
});
