import { setTimeout as sleep } from "node:timers/promises";
import type * as core from "@anybroker/core/driver";
import { BrokerError, reasonOf } from "@anybroker/core/driver";
import type { Channel } from "amqplib";
import { onChannel } from "./connection.ts";
import { codeOf } from "./errors.ts";
import type { Life } from "./life.ts";
import * as names from "./topology.ts";

/** A queue or an exchange: how to make it as it should be, and how to see whether it is there. */
interface Item {
  readonly name: string;
  readonly make: (channel: Channel) => Promise<unknown>;
  readonly look: (channel: Channel) => Promise<unknown>;
}

type Difference = Omit<core.Drift, "entity"> | undefined;

/** How long the server may take to delete a queue, in milliseconds. */
const DELETION = 1_000;

type Declaring = Parameters<core.Link["declare"]>;

/** `Link.declare`. */
export async function declare(life: Life, ...[entities, mode, signal]: Declaring): Promise<readonly core.Drift[]> {
  const drifts: core.Drift[] = [];
  for (const entity of entities) {
    // An ephemeral subscription begins when its source opens.
    if (entity.kind === "subscription" && !entity.durable) continue;
    for (const item of itemsOf(life, entity)) {
      // Made again while RabbitMQ 3.10 is still deleting it, a quorum queue may never confirm anything.
      const rest = (life.gone.get(item.name) ?? 0) + DELETION - Date.now();
      if (rest > 0) await sleep(rest, undefined, { signal });
      const drift = await (mode === "create" ? create(life, item, signal) : verify(life, item, signal));
      if (drift !== undefined) drifts.push({ entity, ...drift });
    }
    if (entity.kind !== "subscription" || mode === "verify") continue;
    const name = life.naming.source(entity);
    await onChannel(life.consuming, signal, (channel) => bind(life, channel, entity, name));
  }
  return drifts;
}

function itemsOf(life: Life, entity: core.Entity): readonly Item[] {
  if (entity.kind === "topic") {
    const name = life.naming.topic(entity.name);
    const make = (channel: Channel): Promise<unknown> => channel.assertExchange(name, typeOf(life, entity));
    return [{ name, make, look: (channel) => channel.checkExchange(name) }];
  }
  const name = life.naming.source(entity);
  const dead = queueItem(names.deadLettersOf(name), names.DEAD_LETTER_ARGUMENTS);
  return [queueItem(name, names.queueArguments(name, entity.ordered)), dead];
}

function queueItem(name: string, args: names.Arguments): Item {
  const make = (channel: Channel): Promise<unknown> => channel.assertQueue(name, { arguments: args });
  return { name, make, look: (channel) => channel.checkQueue(name) };
}

/** Creates it unless it is there; answers how it differs if it does. */
async function create(
  life: Life,
  { name, make }: Pick<Item, "name" | "make">,
  signal: AbortSignal,
): Promise<Difference> {
  try {
    await onChannel(life.consuming, signal, make);
    life.exact.add(name);
    return undefined;
  } catch (error) {
    const inequivalent = /inequivalent arg '(.*?)' for (.*?) in vhost .*: received (.*) but current is (.*?)"?$/s;
    const match = inequivalent.exec(reasonOf(error));
    if (match === null) throw error;
    const [, argument = "", entity = "", expected = "", found = ""] = match;
    return { property: `${argument} of ${entity}`, expected, found };
  }
}

/** Creates nothing: asks whether it is there, and only then, where that is allowed, whether it is as it should be. */
async function verify(life: Life, item: Item, signal: AbortSignal): Promise<Difference> {
  try {
    await onChannel(life.consuming, signal, item.look);
    return await create(life, item, signal);
  } catch (error) {
    // Some servers do not let everybody look, and to compare takes the right to create.
    if (codeOf(error) === 403) return undefined;
    if (codeOf(error) !== 404 || !item.name.endsWith(names.deadLettersOf(""))) throw error;
    return { property: `queue ${item.name}`, expected: "there", found: "missing" };
  }
}

/** Binds a subscription's queue to its topic. */
export async function bind(life: Life, channel: Channel, entity: core.SubscriptionEntity, to: string): Promise<void> {
  const exchange = life.naming.topic(entity.topic.name);
  const type = typeOf(life, entity.topic);
  const given = life.settings.bindings?.[`${entity.topic.name}/${entity.name}`];
  if (given !== undefined || entity.filter === undefined || type === "fanout") {
    for (const key of given ?? [keyForAll(exchange, type)]) await channel.bindQueue(to, exchange, key);
    return;
  }
  const filters = type === "headers" ? exchange : names.filtersOf(exchange);
  if (filters !== exchange) {
    await channel.assertExchange(filters, "headers");
    await channel.bindExchange(filters, exchange, keyForAll(exchange, type));
  }
  for (const args of names.filterBindings(entity.filter)) await channel.bindQueue(to, filters, "", args);
}

/** The binding key that lets everything through. */
function keyForAll(exchange: string, type: string): string {
  if (type === "topic") return "#";
  if (type === "fanout" || type === "headers") return "";
  const what = `exchange ${exchange} of type ${type}: no binding key matches everything`;
  throw new BrokerError("INVALID_CONFIG", `${what}; name those of the subscription in the option bindings`);
}

function typeOf({ settings }: Life, topic: core.TopicEntity): string {
  return settings.exchanges?.[topic.name]?.type ?? "topic";
}

/** The name of the ladder's step for a queue, created when first needed. */
export function queueStep(life: Life, queue: string, ms: number, signal: AbortSignal): Promise<string> {
  return step(life, queueItem(names.stepOf(queue, ms), names.stepArguments(ms, "", queue)), signal);
}

/** The name of the exchange in front of the ladder's step for a topic, created when first needed. */
export function topicStep(life: Life, topic: core.TopicEntity, ms: number, signal: AbortSignal): Promise<string> {
  const exchange = life.naming.topic(topic.name);
  const name = names.stepOf(exchange, ms);
  const due = names.dueOf(exchange);
  const make = async (channel: Channel): Promise<void> => {
    await channel.assertExchange(due, "fanout");
    await channel.bindExchange(exchange, due, "");
    await channel.assertQueue(due, { arguments: names.SINK_ARGUMENTS });
    await channel.bindQueue(due, due, "");
    await channel.assertQueue(name, { arguments: names.stepArguments(ms, due, undefined) });
    await channel.assertExchange(name, "fanout");
    await channel.bindQueue(name, name, "");
  };
  return step(life, { name, make }, signal);
}

/** One that differs is used as it is. */
async function step(life: Life, item: Pick<Item, "name" | "make">, signal: AbortSignal): Promise<string> {
  if (life.context.topology !== "create") return item.name;
  const known = life.steps.get(item.name);
  const made = known ?? create(life, item, signal);
  life.steps.set(item.name, made);
  made.catch(() => life.steps.delete(item.name));
  await made;
  return item.name;
}
