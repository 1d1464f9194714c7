import { orAborted } from "@anybroker/core/driver";
import { settleFailureOf } from "../errors.ts";
import { settleEntries } from "../scripts/settle-entries.ts";
import type { RedisDelivery } from "../wire.ts";
import type { Consumer } from "./consumer.ts";

/** Renews leases. Resolves with their new ends, undefined for each delivery that the consumer no longer holds. */
export async function extendLeases(
  consumer: Consumer,
  deliveries: readonly RedisDelivery[],
  signal: AbortSignal,
): Promise<readonly (number | undefined)[]> {
  const { clock, lease } = consumer.state.context;
  const until = clock.now() + lease;
  const lostInStreams = consumer.streams.map((_, streamIndex) => extendInStream(consumer, streamIndex, deliveries));
  const lost = new Set((await orAborted(Promise.all(lostInStreams), signal)).flat());
  return deliveries.map((delivery) => {
    if (lost.has(delivery)) return undefined;
    delivery.heldUntil = until;
    return until;
  });
}

/** Renews the leases of the deliveries from one stream. Resolves with those that are lost. */
async function extendInStream(
  { state, streams, name }: Consumer,
  streamIndex: number,
  all: readonly RedisDelivery[],
): Promise<readonly RedisDelivery[]> {
  const { stream, group } = streams[streamIndex] ?? streams[0];
  const deliveries = all.filter((delivery) => delivery.streamIndex === streamIndex);
  if (deliveries.length === 0) return [];
  try {
    const lost = await settleEntries(state.connection, {
      stream,
      group,
      consumer: name,
      action: "extend",
      cleanup: "keep",
      deliveries,
    });
    return deliveries.filter((_, index) => lost.includes(index));
  } catch (error) {
    if (settleFailureOf(error).lost) return deliveries;
    throw error;
  }
}
