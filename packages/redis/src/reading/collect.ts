import { type CollectStream, collectEntries, type OnEntry } from "../scripts/collect-entries.ts";
import { cleanupOf } from "../state/link-state.ts";
import { RedisDelivery } from "../wire.ts";
import type { Consumer } from "./consumer.ts";

/** A stream to look at. */
export interface Place extends CollectStream {
  readonly group: string;
  /** The index of the stream among the streams of its source. */
  readonly index: number;
}

/** The result of one look at streams. */
export interface Collected {
  readonly deliveries: readonly RedisDelivery[];
  /** For each place the id up to which the group has read; empty unless the consumer owns the partition. */
  readonly lastRead: readonly string[];
}

/** The streams of a consumer. They are in partitions of so many streams each, or shared by all consumers. */
export function placesOf(
  { state, streams }: Pick<Consumer, "state" | "streams">,
  streamsPerPartition?: number,
): readonly Place[] {
  return streams.map((stream, index) => ({
    stream: stream.stream,
    group: stream.group,
    delayed: stream.delayed,
    cleanup: cleanupOf(state, stream),
    partition: streamsPerPartition === undefined ? undefined : Math.floor(index / streamsPerPartition),
    index,
  }));
}

/**
 * Looks at streams once: moves due messages there, and takes over entries that other consumers have lost. The owner of
 * a partition also reads its new entries.
 */
export async function collect(
  { state, name, keys }: Pick<Consumer, "state" | "name" | "keys">,
  places: readonly Place[],
  max: number,
): Promise<Collected> {
  const [first] = places;
  if (first === undefined) return { deliveries: [], lastRead: [] };
  const { connection, context, consumers, delayTimers, leases } = state;
  const leaseUntil = leases.endFromNow();
  const deliveries: RedisDelivery[] = [];
  const onEntry: OnEntry = (entry, at, earlier) => {
    const { stream, index } = places[at] ?? first;
    deliveries.push(new RedisDelivery(entry, stream, index, earlier, leaseUntil));
  };
  const reply = await collectEntries(
    connection,
    {
      group: first.group,
      consumer: name,
      max,
      lease: context.lease,
      streams: places,
      deadLetters: keys.deadLetters,
      owners: first.partition === undefined ? undefined : keys.owners,
      consumers,
    },
    onEntry,
  );
  consumers.checkSilent(reply.silent);
  for (const [at, { nextDue }] of reply.streams.entries()) {
    if (nextDue !== undefined) delayTimers.schedule(places[at] ?? first, nextDue);
  }
  return { deliveries, lastRead: reply.streams.map(({ lastRead }) => lastRead) };
}
