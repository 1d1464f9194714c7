import {
  type Capabilities,
  FEATURES,
  type Feature,
  type Limits,
  refine,
} from "../../../../packages/core/src/contract/capabilities.ts";
import { capabilities as kafka } from "../../../../packages/kafka/src/capabilities.ts";
import { capabilities as memory } from "../../../../packages/memory/src/capabilities.ts";
import { refinement as ofRabbitmq, capabilities as rabbitmq } from "../../../../packages/rabbitmq/src/capabilities.ts";
import { refinement as ofRedis, capabilities as redis } from "../../../../packages/redis/src/capabilities.ts";
import {
  refinement as ofServicebus,
  capabilities as servicebus,
} from "../../../../packages/servicebus/src/capabilities.ts";
import { table } from "./table.ts";

/** The capabilities of each column, by its heading. */
const COLUMNS: Readonly<Record<string, Capabilities>> = {
  memory: refine(memory, {}),
  "RabbitMQ 3.10": refine(rabbitmq, ofRabbitmq("3.10", "create")),
  "RabbitMQ 4.3": refine(rabbitmq, ofRabbitmq("4.3", "create")),
  Kafka: refine(kafka, {}),
  Redis: refine(redis, ofRedis("create")),
  "Azure Service Bus": refine(servicebus, ofServicebus("create", "Standard")),
};

const FEATURE_NAMES: Readonly<Record<Feature, string>> = {
  "delay.send": "`send` with `delay` or `deliverAt`",
  "delay.publish": "`publish` with `delay` or `deliverAt`",
  "delay.cancel": "cancelling a scheduled message (not offered yet)",
  retryDelay: "retry after a wait, others not blocked",
  ttl: "`ttl`: expired messages are discarded",
  priority: "`priority`",
  filter: "subscriptions with a `filter`",
  "filter.stored": "the `filter` of a subscription is kept by the broker",
  from: "subscriptions that begin in the past (`from`)",
  ephemeral: "subscriptions with `durable: false`",
  "deadLetters.list": "dead letters: list",
  "deadLetters.count": "dead letters: count",
  "deadLetters.select": "dead letters: replay or remove some (all: everywhere)",
  stats: "`stats()`",
  delete: "`broker.delete()`",
  purge: "`broker.purge()`",
  peek: "looking at waiting messages (not offered yet)",
  "publish.unrouted": "a publish that no subscription gets is told",
};

const LIMIT_NAMES: Readonly<Record<keyof Limits, readonly [string, (value: number) => string]>> = {
  body: ["largest body", bytes],
  headers: ["most headers", String],
  headerBytes: ["all headers together", bytes],
  headerValue: ["one header's value", bytes],
  delay: ["longest delay of a send", time],
  publishDelay: ["longest delay of a publish", time],
  delayResolution: ["a delayed message is late by at most", time],
  nameMin: ["shortest name, in characters", String],
  nameMax: ["longest name, in characters", String],
};

/** The table of what each backend can do. */
export function capabilitiesTable(): string {
  const all = Object.values(COLUMNS);
  return table(
    ["", ...Object.keys(COLUMNS)],
    [
      ...FEATURES.map((feature) => [FEATURE_NAMES[feature], ...all.map((one) => one[feature])]),
      ["order by key (`ordered`)", ...all.map(({ ordering }) => ordering)],
      ["sends of one key are stored in order", ...all.map(({ sendOrder }) => sendOrder)],
    ],
  );
}

/** The table of each backend's limits. */
export function limitsTable(): string {
  const all = Object.values(COLUMNS);
  // The cast is true: LIMIT_NAMES has the keys of Limits.
  const keys = Object.keys(LIMIT_NAMES) as (keyof Limits)[];
  return table(
    ["", ...Object.keys(COLUMNS)],
    keys.map((key) => [LIMIT_NAMES[key][0], ...all.map(({ limits }) => LIMIT_NAMES[key][1](limits[key]))]),
  );
}

function bytes(value: number): string {
  if (value % 1_048_576 === 0) return `${value / 1_048_576} MiB`;
  if (value % 1_024 === 0) return `${value / 1_024} KiB`;
  return `${value} B`;
}

function time(value: number): string {
  if (value >= Number.MAX_SAFE_INTEGER) return "any";
  const units = [
    [86_400_000, "d"],
    [3_600_000, "h"],
    [60_000, "min"],
    [1_000, "s"],
  ] as const;
  const [divisor, unit] = units.find(([one]) => value >= one && value % one === 0) ?? [1, "ms"];
  return `${value / divisor} ${unit}`;
}
