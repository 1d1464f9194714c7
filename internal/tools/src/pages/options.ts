import { globSync } from "node:fs";
import { ROOT, read } from "../repository.ts";
import { table } from "./table.ts";

/** An option of the public API, as its doc comment describes it. */
export interface Option {
  readonly owner: string;
  readonly name: string;
  readonly text: string;
  readonly fallback: string;
}

/** Matches a property of the interface itself, not of an object inside it, with its doc comment. */
const PROPERTY = /(?:^ {2}\/\*\*((?:(?!\*\/)[\s\S])*)\*\/\s*)?^ {2}readonly (\w+)\?:/gm;

/** Every optional property of the public API's interfaces. */
export const OPTIONS: readonly Option[] = optionsIn("packages/core/src/{api,body}/*.ts");

/** Every optional property of the adapters' options. */
export const ADAPTER_OPTIONS: readonly Option[] = [
  ...optionsIn("packages/*/src/options.ts"),
  ...optionsIn("packages/core/src/driver-kit/{credentials,naming,tls-options}.ts"),
];

function optionsIn(files: string): readonly Option[] {
  const interfaces = globSync(files, { cwd: ROOT })
    .map(read)
    .join("\n")
    .matchAll(/^export interface (\w+)[^{]*\{([\s\S]*?)^\}/gm);
  return [...interfaces].flatMap(([, owner = "", body = ""]) =>
    [...body.matchAll(PROPERTY)].map(([, comment = "", name = ""]) => {
      const [text = "", fallback = ""] = comment
        .replaceAll(/\s*\n\s*\* ?/g, " ")
        .trim()
        .split("@default ");
      return { owner, name, text: text.trim(), fallback: fallback.trim() };
    }),
  );
}

const HEADINGS: Readonly<Record<string, string>> = {
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

/** A table of options for each interface, under its heading. */
export function optionsTables(): string {
  return Object.entries(HEADINGS)
    .map(([owner, heading]) => {
      const own = OPTIONS.filter((option) => option.owner === owner);
      const rows = own.map(({ name, text, fallback }) => [`\`${name}\``, escaped(fallback), escaped(text)]);
      return `## ${heading}\n\n${table(["option", "default", ""], rows)}`;
    })
    .join("\n\n");
}

function escaped(text: string): string {
  return text.replaceAll("|", "\\|");
}
