import type * as core from "@anybroker/core/driver";
import { invalidConfig } from "@anybroker/core/driver";
import type { Channel } from "amqplib";
import type { LinkState } from "../state/link-state.ts";
import { filterBindings, filterExchangeName } from "../topology.ts";

/** Binds a subscription's queue to its topic: with the keys of the option `bindings`, else by its filter. */
export async function bind(
  link: LinkState,
  channel: Channel,
  subscription: core.SubscriptionEntity,
  queue: string,
): Promise<void> {
  const { topic, filter } = subscription;
  const exchange = link.naming.topic(topic.name);
  const type = exchangeType(link, topic);
  const givenKeys = link.settings.bindings?.[`${topic.name}/${subscription.name}`];
  if (givenKeys !== undefined || filter === undefined || type === "fanout") {
    const keys = givenKeys ?? [keyForAll(exchange, type)];
    for (const key of keys) await channel.bindQueue(queue, exchange, key);
    return;
  }
  const filterExchange = type === "headers" ? exchange : filterExchangeName(exchange);
  if (filterExchange !== exchange) {
    await channel.assertExchange(filterExchange, "headers");
    await channel.bindExchange(filterExchange, exchange, keyForAll(exchange, type));
  }
  for (const args of filterBindings(filter)) await channel.bindQueue(queue, filterExchange, "", args);
}

/** The type of a topic's exchange: that of the option `exchanges`, else `topic`. */
export function exchangeType({ settings }: LinkState, topic: core.TopicEntity): string {
  return settings.exchanges?.[topic.name]?.type ?? "topic";
}

/** The binding key that matches every message. */
function keyForAll(exchange: string, type: string): string {
  if (type === "topic") return "#";
  if (type === "fanout" || type === "headers") return "";
  throw invalidConfig(
    `no binding key of exchange ${exchange}, of type ${type}, matches every message: name the subscription's keys in the option bindings`,
  );
}
