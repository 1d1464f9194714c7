import type * as core from "@anybroker/core/driver";
import { BrokerError, filterText, readFilterText } from "@anybroker/core/driver";
import { onChannel } from "../connection.ts";
import { replyCodeOf } from "../errors.ts";
import type { LinkState } from "../state/link-state.ts";
import { filterMarkerName } from "../topology.ts";
import { bind, unbind } from "./bindings.ts";
import { createOrCompare, exchangeOf, type QueueOrExchange } from "./queue-or-exchange.ts";

/**
 * Binds the queue of a subscription by its stored filter. If none is stored, or if it may be changed (`apply`), the
 * filter of the entity becomes the stored one. Returns the drift if the stored one is another.
 *
 * AMQP does not list bindings. So an exchange keeps the filter, as the name of its alternate exchange. The server keeps
 * the first one, and its error names that one when another is declared.
 */
export async function declareFilter(
  link: LinkState,
  entity: core.SubscriptionEntity,
  mode: core.DeclareMode,
  signal: AbortSignal,
): Promise<readonly core.Drift[]> {
  const queue = link.naming.source(entity);
  const expected = filterText(entity.filter);
  const found = await (mode === "verify" ? readMarker : writeMarker)(link, queue, expected, signal);
  link.otherFilters.delete(queue);
  if (found === expected) {
    if (mode !== "verify") await onChannel(link.consuming, signal, (channel) => bind(link, channel, entity, queue));
    return [];
  }
  const known = readFilterText(found);
  const stored = known === undefined ? undefined : { ...entity, filter: known.filter };
  if (mode === "apply") {
    await change(link, queue, stored, entity, signal);
    return [];
  }
  link.otherFilters.add(queue);
  if (mode === "create" && stored !== undefined) {
    // The program that stored it may have ended before it could bind the queue.
    await onChannel(link.consuming, signal, (channel) => bind(link, channel, stored, queue));
  }
  return [{ entity, property: "filter", expected, found }];
}

/** Both filters let messages through for a moment, so that none is lost. */
async function change(
  link: LinkState,
  queue: string,
  before: core.SubscriptionEntity | undefined,
  now: core.SubscriptionEntity,
  signal: AbortSignal,
): Promise<void> {
  if (before === undefined) {
    const hint = "RabbitMQ tells only the beginning of the stored one; delete the subscription and declare it again";
    throw new BrokerError("REJECTED", `the filter of queue ${queue} cannot be changed: ${hint}`);
  }
  const marker = markerOf(queue, filterText(now.filter));
  await onChannel(link.consuming, signal, async (channel) => {
    await bind(link, channel, now, queue);
    await channel.deleteExchange(marker.name);
    await marker.create(channel);
    await unbind(link, channel, queue, before, now);
  });
}

function markerOf(queue: string, text: string): QueueOrExchange {
  return exchangeOf(filterMarkerName(queue), "fanout", { alternateExchange: text });
}

/** Stores the text unless there is one. Returns the one that is stored, of which the server may cut off the end. */
async function writeMarker(link: LinkState, queue: string, text: string, signal: AbortSignal): Promise<string> {
  try {
    return (await createOrCompare(link, markerOf(queue, text), signal))?.found ?? text;
  } catch (error) {
    // The server's text ends before it comes to the stored one.
    if (replyCodeOf(error) === 406) return "another filter";
    throw error;
  }
}

/** Returns what is stored; the text itself where nothing is, or where the account may not know. Creates nothing. */
async function readMarker(link: LinkState, queue: string, text: string, signal: AbortSignal): Promise<string> {
  try {
    await onChannel(link.consuming, signal, markerOf(queue, text).check);
    return await writeMarker(link, queue, text, signal);
  } catch (error) {
    const code = replyCodeOf(error);
    if (code === 403 || code === 404) return text;
    throw error;
  }
}
