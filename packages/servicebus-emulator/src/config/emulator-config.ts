import stripJsonComments from "strip-json-comments";
import type { Rule } from "../filters/rule.ts";
import { ConfigError, type Located, ObjectReader } from "./object-reader.ts";
import { readRule } from "./rule-config.ts";

/** The settings of a queue in a configuration. Durations are in ms; `Infinity` means never. */
export interface QueueConfig extends SubscriptionSettings {
  readonly name: string;
  readonly requiresDuplicateDetection: boolean;
  readonly duplicateDetectionWindow: number;
}

/** The settings of a topic in a configuration. Durations are in ms; `Infinity` means never. */
export interface TopicConfig {
  readonly name: string;
  readonly defaultTimeToLive: number;
  readonly requiresDuplicateDetection: boolean;
  readonly duplicateDetectionWindow: number;
  readonly subscriptions: readonly SubscriptionConfig[];
}

/** The settings of a subscription in a configuration. */
export interface SubscriptionConfig extends SubscriptionSettings {
  readonly name: string;
  /** Without rules, the subscription gets every message. */
  readonly rules: readonly Rule[];
}

/** What queues and subscriptions have in common. Durations are in ms; `Infinity` means never. */
export interface SubscriptionSettings {
  readonly lockDuration: number;
  readonly maxDeliveryCount: number;
  readonly requiresSession: boolean;
  readonly defaultTimeToLive: number;
  readonly deadLetterOnExpiration: boolean;
  readonly forwardTo: string | undefined;
  readonly forwardDeadLettersTo: string | undefined;
}

/** A configuration of the emulator. */
export interface EmulatorConfig {
  readonly namespace: string;
  readonly queues: readonly QueueConfig[];
  readonly topics: readonly TopicConfig[];
}

const MINUTE = 60_000;

// What Microsoft's emulator does where the file says nothing, by the schema of its configuration:
// https://github.com/Azure/azure-service-bus-emulator-installer, ServiceBus-Emulator/Schema/Config-schema.json
const DEFAULT_TIME_TO_LIVE = 60 * MINUTE;
const DEFAULT_DUPLICATE_WINDOW = 20_000;
const DEFAULT_LOCK_DURATION = MINUTE;
const DEFAULT_MAX_DELIVERY_COUNT = 3;

// The limits are those of the service, which are wider than those of Microsoft's emulator.
const LONGEST_LOCK = 5 * MINUTE;
const LONGEST_DUPLICATE_WINDOW = 7 * 24 * 60 * MINUTE;
const MOST_DELIVERIES = 2000;

const ENTITY_NAME = /^[A-Za-z0-9]$|^[A-Za-z0-9][\w\-./]*[A-Za-z0-9]$/;
const SHORT_NAME = /^[A-Za-z0-9]$|^[A-Za-z0-9][\w\-.]*[A-Za-z0-9]$/;
const LONGEST_ENTITY_NAME = 260;
const LONGEST_SHORT_NAME = 50;

/**
 * Reads the `Config.json` of Microsoft's emulator, which may have comments. Unknown fields and wrong values are refused.
 * Throws `ConfigError`.
 */
export function parseEmulatorConfig(text: string): EmulatorConfig {
  const root = new ObjectReader({ value: parseJson(text), path: "" });
  root.get("$schema");
  const user = new ObjectReader(root.required("UserConfig"));
  root.end();
  readLogging(user.object("Logging"));
  const namespaces = user.array("Namespaces");
  user.end();
  const [first] = namespaces;
  if (first === undefined || namespaces.length > 1) {
    throw new ConfigError(user.pathOf("Namespaces"), `One namespace is expected, and not ${namespaces.length}.`);
  }
  return readNamespace(first);
}

function parseJson(text: string): unknown {
  try {
    // Comments become spaces, so that the positions in error messages stay right.
    return JSON.parse(stripJsonComments(text, { trailingCommas: true }));
  } catch (error) {
    throw new ConfigError(
      "",
      `The configuration is not valid JSON: ${error instanceof Error ? error.message : String(error)}`,
    );
  }
}

/** Logging of Microsoft's emulator has no meaning here, but the file is theirs. */
function readLogging(logging: ObjectReader | undefined): void {
  if (logging === undefined) return;
  const type = logging.requiredString("Type");
  if (!/^(File|Console|File,Console|Console,File)$/.test(type)) {
    throw new ConfigError(logging.pathOf("Type"), `File, Console or both are expected, and not '${type}'.`);
  }
  logging.end();
}

function readNamespace(located: Located): EmulatorConfig {
  const reader = new ObjectReader(located);
  const config = {
    namespace: nameOf(reader, SHORT_NAME, LONGEST_SHORT_NAME),
    queues: reader.array("Queues").map(readQueue),
    topics: reader.array("Topics").map(readTopic),
  };
  reader.end();
  const queues = config.queues.map(({ name }, index) => ({ name, path: `${located.path}.Queues[${index}].Name` }));
  const topics = config.topics.map(({ name }, index) => ({ name, path: `${located.path}.Topics[${index}].Name` }));
  refuseDuplicates([...queues, ...topics]);
  refuseUnknownTargets(located.path, config);
  return config;
}

function readQueue(located: Located): QueueConfig {
  const reader = new ObjectReader(located);
  const name = nameOf(reader, ENTITY_NAME, LONGEST_ENTITY_NAME);
  const properties = propertiesOf(reader);
  const queue = { name, ...readSettings(properties), ...readDuplicates(properties) };
  properties.end();
  reader.end();
  return queue;
}

function readTopic(located: Located): TopicConfig {
  const reader = new ObjectReader(located);
  const name = nameOf(reader, ENTITY_NAME, LONGEST_ENTITY_NAME);
  const properties = propertiesOf(reader);
  const topic = { name, defaultTimeToLive: timeToLiveOf(properties), ...readDuplicates(properties) };
  properties.end();
  const subscriptions = reader.array("Subscriptions").map(readSubscription);
  reader.end();
  refuseDuplicates(
    subscriptions.map((subscription, index) => ({
      name: subscription.name,
      path: `${located.path}.Subscriptions[${index}].Name`,
    })),
  );
  return { ...topic, subscriptions };
}

function readSubscription(located: Located): SubscriptionConfig {
  const reader = new ObjectReader(located);
  const name = nameOf(reader, SHORT_NAME, LONGEST_SHORT_NAME);
  const properties = propertiesOf(reader);
  const settings = readSettings(properties);
  properties.end();
  const rules = reader.array("Rules").map((rule) => {
    const ruleReader = new ObjectReader(rule);
    return readRule(nameOf(ruleReader, SHORT_NAME, LONGEST_SHORT_NAME), ruleReader);
  });
  reader.end();
  refuseDuplicates(rules.map((rule, index) => ({ name: rule.name, path: `${located.path}.Rules[${index}].Name` })));
  return { name, ...settings, rules };
}

function readSettings(properties: ObjectReader): SubscriptionSettings {
  return {
    lockDuration: properties.duration("LockDuration", LONGEST_LOCK) ?? DEFAULT_LOCK_DURATION,
    maxDeliveryCount: properties.integer("MaxDeliveryCount", 1, MOST_DELIVERIES) ?? DEFAULT_MAX_DELIVERY_COUNT,
    requiresSession: properties.boolean("RequiresSession") ?? false,
    defaultTimeToLive: timeToLiveOf(properties),
    deadLetterOnExpiration: properties.boolean("DeadLetteringOnMessageExpiration") ?? false,
    forwardTo: properties.string("ForwardTo") || undefined,
    forwardDeadLettersTo: properties.string("ForwardDeadLetteredMessagesTo") || undefined,
  };
}

function readDuplicates(
  properties: ObjectReader,
): Pick<QueueConfig, "requiresDuplicateDetection" | "duplicateDetectionWindow"> {
  const window = properties.duration("DuplicateDetectionHistoryTimeWindow", LONGEST_DUPLICATE_WINDOW);
  return {
    requiresDuplicateDetection: properties.boolean("RequiresDuplicateDetection") ?? false,
    duplicateDetectionWindow: window ?? DEFAULT_DUPLICATE_WINDOW,
  };
}

function timeToLiveOf(properties: ObjectReader): number {
  return properties.duration("DefaultMessageTimeToLive") ?? DEFAULT_TIME_TO_LIVE;
}

function propertiesOf(reader: ObjectReader): ObjectReader {
  return reader.object("Properties") ?? new ObjectReader({ value: {}, path: reader.pathOf("Properties") });
}

function nameOf(reader: ObjectReader, pattern: RegExp, longest: number): string {
  const name = reader.requiredString("Name");
  if (pattern.test(name) && name.length <= longest) return name;
  throw new ConfigError(
    reader.pathOf("Name"),
    `'${name}' is not a valid name. A name has at most ${longest} letters, digits, periods, hyphens and underscores` +
      `${pattern === ENTITY_NAME ? ", and slashes" : ""}, and begins and ends with a letter or a digit.`,
  );
}

interface NamedPath {
  readonly name: string;
  readonly path: string;
}

function refuseDuplicates(entities: readonly NamedPath[]): void {
  const seen = new Set<string>();
  for (const { name, path } of entities) {
    if (seen.has(name.toLowerCase())) throw new ConfigError(path, `There is another entity with the name '${name}'.`);
    seen.add(name.toLowerCase());
  }
}

function refuseUnknownTargets(path: string, { queues, topics }: EmulatorConfig): void {
  const names = new Set([...queues, ...topics].map(({ name }) => name.toLowerCase()));
  const check = (at: string, settings: SubscriptionSettings): void => {
    for (const [field, target] of [
      ["ForwardTo", settings.forwardTo],
      ["ForwardDeadLetteredMessagesTo", settings.forwardDeadLettersTo],
    ] as const) {
      if (target !== undefined && !names.has(target.toLowerCase())) {
        throw new ConfigError(`${at}.Properties.${field}`, `There is no queue or topic '${target}'.`);
      }
    }
  };
  queues.forEach((queue, index) => {
    check(`${path}.Queues[${index}]`, queue);
  });
  topics.forEach(({ subscriptions }, topic) => {
    subscriptions.forEach((subscription, index) => {
      check(`${path}.Topics[${topic}].Subscriptions[${index}]`, subscription);
    });
  });
}
