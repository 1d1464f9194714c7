// Parts of the documents that are made from the code. `npm run docs` writes them; docs.test.ts checks that they are up to date.
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Report } from "../bench/report.ts";
import {
  type Capabilities,
  FEATURES,
  type Feature,
  type Limits,
  refine,
} from "../packages/core/src/contract/capabilities.ts";
import { capabilities as kafka } from "../packages/kafka/src/capabilities.ts";
import { CAPABILITIES as memory } from "../packages/memory/src/capabilities.ts";
import { capabilities as rabbitmq, refinement } from "../packages/rabbitmq/src/capabilities.ts";
import { capabilities as redis, refinement as redisRefinement } from "../packages/redis/src/capabilities.ts";

export const ROOT: string = join(import.meta.dirname, "..");

const read = (path: string): string => readFileSync(join(ROOT, path), "utf8");

/** What each backend can do, by its heading. */
export const BACKENDS: Readonly<Record<string, Capabilities>> = {
  memory: refine(memory, {}),
  "RabbitMQ 3.10": refine(rabbitmq, refinement("3.10", "create")),
  "RabbitMQ 4.3": refine(rabbitmq, refinement("4.3", "create")),
  Kafka: refine(kafka, {}),
  Redis: refine(redis, redisRefinement("create")),
};

const FEATURE_NAMES: Readonly<Record<Feature, string>> = {
  "delay.send": "`send` with `delay` or `deliverAt`",
  "delay.publish": "`publish` with `delay` or `deliverAt`",
  retryDelay: "retry after a wait, others not blocked",
  ttl: "`ttl`: expired messages are discarded",
  priority: "`priority`",
  filter: "subscriptions with a `filter`",
  from: "subscriptions that begin in the past (`from`)",
  ephemeral: "subscriptions with `durable: false`",
  "deadLetters.list": "dead letters: list",
  "deadLetters.count": "dead letters: count",
  "deadLetters.select": "dead letters: replay or remove some (all: everywhere)",
  stats: "`stats()`",
};

const bytes = (value: number): string => {
  const [divisor, unit] =
    value % 1_048_576 === 0 ? [1_048_576, "MiB"] : value % 1_024 === 0 ? [1_024, "KiB"] : [1, "B"];
  return `${value / divisor} ${unit}`;
};
const time = (value: number): string => {
  if (value >= Number.MAX_SAFE_INTEGER) return "any";
  const units = [
    [86_400_000, "d"],
    [3_600_000, "h"],
    [60_000, "min"],
    [1_000, "s"],
  ] as const;
  const [divisor, unit] = units.find(([one]) => value >= one && value % one === 0) ?? [1, "ms"];
  return `${value / divisor} ${unit}`;
};

const LIMIT_NAMES: Readonly<Record<keyof Limits, readonly [string, (value: number) => string]>> = {
  body: ["largest body", bytes],
  headers: ["most headers", String],
  headerBytes: ["headers in all", bytes],
  headerValue: ["one header's value", bytes],
  delay: ["longest delay of a send", time],
  publishDelay: ["longest delay of a publish", time],
  delayResolution: ["a delayed message is late by at most", time],
  nameMin: ["shortest name, in characters", String],
  nameMax: ["longest name, in characters", String],
};

type Row = readonly string[];

function table(head: Row, rows: readonly Row[]): string {
  const line = (cells: Row): string => `| ${cells.join(" | ")} |`;
  return [line(head), line(head.map(() => "---")), ...rows.map(line)].join("\n");
}

function capabilitiesTable(): string {
  const all = Object.values(BACKENDS);
  return table(
    ["", ...Object.keys(BACKENDS)],
    [
      ...FEATURES.map((feature) => [FEATURE_NAMES[feature], ...all.map((one) => one[feature])]),
      ["order by key (`ordered`)", ...all.map(({ ordering }) => ordering)],
      ["sends of one key are stored in order", ...all.map(({ sendOrder }) => sendOrder)],
    ],
  );
}

function limitsTable(): string {
  const all = Object.values(BACKENDS);
  // The cast is true: LIMIT_NAMES has the keys of Limits.
  const keys = Object.keys(LIMIT_NAMES) as (keyof Limits)[];
  return table(
    ["", ...Object.keys(BACKENDS)],
    keys.map((key) => [LIMIT_NAMES[key][0], ...all.map(({ limits }) => LIMIT_NAMES[key][1](limits[key]))]),
  );
}

/** The kept reports of the bench, as ratios to the bare client. */
function speedTable(): string {
  const reports = ["rabbitmq", "redis", "kafka"]
    .map((name) => `bench/results/${name}.json`)
    .filter((path) => existsSync(join(ROOT, path)))
    // The cast is true: the bench writes them.
    .map((path) => JSON.parse(read(path)) as Report);
  const heading = ({ server, client, rounds }: Report): string => `${server}, ${client}, ${rounds} rounds`;
  const rows = (reports[0]?.rows ?? []).filter(({ ofPlain, unit }) => ofPlain !== undefined && unit !== "µs");
  const ratios = (report: Report, title: string): string => {
    const { ofPlain, ofExpert } = report.rows.find((row) => row.title === title) ?? {};
    return [ofPlain, ofExpert].map((ratio) => ratio?.toFixed(2) ?? "").join(" / ");
  };
  return table(
    ["ours of plain / of expert", ...reports.map(heading)],
    rows.map(({ title, unit }) => [
      `${title}${unit === "ms" ? " (less is better)" : ""}`,
      ...reports.map((report) => ratios(report, title)),
    ]),
  );
}

/** An option as its doc comment in the public API describes it. */
export interface Option {
  readonly owner: string;
  readonly name: string;
  readonly text: string;
  readonly fallback: string;
}

/** A property of the interface itself, not of an object inside it, with its doc comment. */
const OPTION = /(?:^ {2}\/\*\*((?:(?!\*\/)[\s\S])*)\*\/\s*)?^ {2}readonly (\w+)\?:/gm;

/** Every optional property of the public API's interfaces of options. */
export const OPTIONS: readonly Option[] = [
  ...[
    "api/connecting",
    "api/sending",
    "body/format",
    "api/destinations",
    "api/consuming",
    "api/dead-letters",
    "api/broker",
  ]
    .map((file) => read(`packages/core/src/${file}.ts`))
    .join("\n")
    .matchAll(/^export interface (\w+)[^{]*\{([\s\S]*?)^\}/gm),
].flatMap(([, owner = "", body = ""]) =>
  [...body.matchAll(OPTION)].map(([, comment = "", name = ""]) => {
    const [text = "", fallback = ""] = comment
      .replaceAll(/\s*\n\s*\* ?/g, " ")
      .trim()
      .split("@default ");
    return { owner, name, text: text.trim(), fallback: fallback.trim() };
  }),
);

const OWNERS: Readonly<Record<string, string>> = {
  ConnectOptions: "`connect(target, options)`",
  BodyOptions: "`broker.queue(name, options)`, `broker.topic(name, options)`",
  QueueOptions: "`broker.queue(name, options)`",
  TopicOptions: "`broker.topic(name, options)`",
  SubscriptionOptions: "`topic.subscription(name, options)`, `topic.subscribe(name, handler, options)`",
  SendOptions: "`queue.send(body, options)`, `topic.publish(body, options)`, each message of a batch",
  ConsumeOptions: "`consume(handler, options)`, `topic.subscribe(name, handler, options)`",
  ConsumeBatchOptions: "`consumeBatch(handler, options)`, besides those of `consume`",
  RetryPolicy: "`retry`",
  Backoff: "`retry.backoff`",
};

function optionsTables(): string {
  const cell = (text: string): string => text.replaceAll("|", "\\|");
  return Object.entries(OWNERS)
    .map(([owner, heading]) => {
      const own = OPTIONS.filter((option) => option.owner === owner);
      const rows = own.map(({ name, text, fallback }) => [`\`${name}\``, cell(fallback), cell(text)]);
      return `## ${heading}\n\n${table(["option", "default", ""], rows)}`;
    })
    .join("\n\n");
}

const code = (path: string, mark: string): string => `\`\`\`ts ${mark}\n${read(path).trimEnd()}\n\`\`\``;

/** The generated parts, by their names. */
export const PARTS: Readonly<Record<string, () => string>> = {
  capabilities: capabilitiesTable,
  limits: limitsTable,
  speed: speedTable,
  options: optionsTables,
  "smallest driver": () => code("examples/smallest-driver/driver.ts", "compile"),
  "smallest test": () => code("examples/smallest-driver/conformance.test.ts", "sketch"),
};

/** The documents that have generated parts. */
export const DOCUMENTS: readonly string[] = ["README.md", "docs/options.md", "docs/writing-a-driver.md"];

/** A document's text with its generated parts as they should be. */
export function upToDate(document: string): string {
  return read(document).replaceAll(
    /(<!-- generated: (.+?) -->\n)[\s\S]*?(<!-- \/generated -->)/g,
    (_, begin: string, name: string, end: string) => {
      const part = PARTS[name];
      if (part === undefined) throw new Error(`${document}: no generated part is called ${name}`);
      return `${begin}\n${part()}\n\n${end}`;
    },
  );
}
