import type * as core from "@anybroker/core/driver";
import { invalidConfig } from "@anybroker/core/driver";
import type { Channel } from "amqplib";
import type { LinkState } from "../state/link-state.ts";
import { type Arguments, filterBindings, filterExchangeName, isExact } from "../topology.ts";

/** A binding of a subscription's queue. */
interface Binding {
  readonly exchange: string;
  readonly key: string;
  readonly args: Arguments;
}

/** Binds a subscription's queue to its topic: with the keys of the option `bindings`, else by its filter. */
export async function bind(
  link: LinkState,
  channel: Channel,
  subscription: core.SubscriptionEntity,
  queue: string,
): Promise<void> {
  const { topic } = subscription;
  if (isBoundByFilter(link, subscription)) {
    const exchange = link.naming.topic(topic.name);
    const filterExchange = filterExchangeOf(link, topic);
    if (filterExchange !== exchange) {
      await channel.assertExchange(filterExchange, "headers");
      await channel.bindExchange(filterExchange, exchange, keyForAll(exchange, exchangeType(link, topic)));
    }
  }
  for (const { exchange, key, args } of bindingsOf(link, subscription)) {
    await channel.bindQueue(queue, exchange, key, args);
  }
}

/** Removes the bindings that the subscription has no longer. */
export async function unbind(
  link: LinkState,
  channel: Channel,
  queue: string,
  before: core.SubscriptionEntity,
  now: core.SubscriptionEntity,
): Promise<void> {
  const staying = new Set(bindingsOf(link, now).map((binding) => JSON.stringify(binding)));
  for (const binding of bindingsOf(link, before)) {
    if (staying.has(JSON.stringify(binding))) continue;
    await channel.unbindQueue(queue, binding.exchange, binding.key, binding.args);
  }
}

/** Whether the server lets through exactly what the filter does, so that nothing is left to do. */
export function isFilteredByServer(link: LinkState, subscription: core.SubscriptionEntity): boolean {
  const { filter } = subscription;
  return filter === undefined || (isBoundByFilter(link, subscription) && isExact(filter));
}

/** The type of a topic's exchange: that of the option `exchanges`, else `topic`. */
export function exchangeType({ settings }: LinkState, topic: core.TopicEntity): string {
  return settings.exchanges?.[topic.name]?.type ?? "topic";
}

function bindingsOf(link: LinkState, subscription: core.SubscriptionEntity): readonly Binding[] {
  const { topic, filter } = subscription;
  if (filter !== undefined && isBoundByFilter(link, subscription)) {
    const exchange = filterExchangeOf(link, topic);
    return filterBindings(filter).map((args) => ({ exchange, key: "", args }));
  }
  const exchange = link.naming.topic(topic.name);
  const keys = givenKeys(link, subscription) ?? [keyForAll(exchange, exchangeType(link, topic))];
  return keys.map((key) => ({ exchange, key, args: {} }));
}

function isBoundByFilter(link: LinkState, subscription: core.SubscriptionEntity): boolean {
  const { topic, filter } = subscription;
  return filter !== undefined && givenKeys(link, subscription) === undefined && exchangeType(link, topic) !== "fanout";
}

function givenKeys({ settings }: LinkState, { topic, name }: core.SubscriptionEntity): readonly string[] | undefined {
  return settings.bindings?.[`${topic.name}/${name}`];
}

function filterExchangeOf(link: LinkState, topic: core.TopicEntity): string {
  const exchange = link.naming.topic(topic.name);
  return exchangeType(link, topic) === "headers" ? exchange : filterExchangeName(exchange);
}

/** The binding key that matches every message. */
function keyForAll(exchange: string, type: string): string {
  if (type === "topic") return "#";
  if (type === "fanout" || type === "headers") return "";
  throw invalidConfig(
    `no binding key of exchange ${exchange}, of type ${type}, matches every message: name the subscription's keys in the option bindings`,
  );
}
