import type * as core from "@anybroker/core/driver";
import { OWN, stepBelow } from "@anybroker/core/driver";
import type { LinkState } from "./cluster/link-state.ts";
import type { Addressed } from "./cluster/writer.ts";
import type { KafkaRecord } from "./protocol/records.ts";
import { deadLettersOf, stepOf } from "./topology.ts";
import { copyOf } from "./wire.ts";

/**
 * Writes the copies that retries and dead letters are, all at once. Answers what became of each, by its index: undefined
 * for a copy that is stored.
 */
export async function copies(
  life: LinkState,
  source: string,
  batch: readonly core.Settlement[],
  results: readonly core.SettleResult[],
  signal: AbortSignal,
): Promise<ReadonlyMap<number, unknown>> {
  const indexes: number[] = [];
  const records: Addressed[] = [];
  for (const [index, settlement] of batch.entries()) {
    if (results[index] !== undefined || !("headers" in settlement)) continue;
    // The cast is true: the core settles what a source of this driver has handed out.
    const record = settlement.delivery.native as KafkaRecord;
    indexes.push(index);
    records.push(
      settlement.action === "retry"
        ? again(life, source, record, settlement.headers, settlement.delay)
        : dead(life, source, record, settlement.headers),
    );
  }
  const outcomes = new Map<number, unknown>();
  await life.writer
    .write(records, (at, failure) => outcomes.set(indexes[at] ?? -1, failure?.error), signal)
    .catch((error: unknown) => {
      for (const index of indexes) if (!outcomes.has(index)) outcomes.set(index, error);
    });
  return outcomes;
}

/** A copy on its way back to its source, by way of the ladder. */
export function again(
  { context }: Pick<LinkState, "context">,
  source: string,
  record: KafkaRecord,
  headers: core.HeaderChanges,
  delay: number,
): Addressed {
  const now = context.clock.now();
  const notBefore = String(Math.ceil(now + delay));
  const copy = copyOf(record, { ...headers, [OWN.notBefore]: notBefore }, now);
  return { topic: stepOf(source, stepBelow(delay)), record: copy };
}

/** A dead letter. Its id is its place, so that the same one is never there twice; the key goes into a header. */
function dead(
  { context }: Pick<LinkState, "context">,
  source: string,
  record: KafkaRecord,
  changes: core.HeaderChanges,
): Addressed {
  const { topic, partition, offset, timestamp, key, headers } = record;
  const id = `${topic}/${partition}/${offset}/${timestamp}`;
  const copy = copyOf(record, changes, context.clock.now(), Buffer.from(id));
  const original = headers[OWN.key] ?? key;
  const withKey = original === null ? copy.headers : { ...copy.headers, [OWN.key]: original };
  // Without a value it would be the removal of one.
  return {
    topic: deadLettersOf(source),
    record: { ...copy, headers: withKey, value: copy.value ?? Buffer.alloc(0) },
  };
}
