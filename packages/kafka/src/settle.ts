import type * as core from "@anybroker/core/driver";
import {
  deadLettersName,
  LEASE_LOST,
  OWN,
  refused,
  retryStepName,
  stepBelow,
  unsupported,
} from "@anybroker/core/driver";
import type { LinkState } from "./cluster/link-state.ts";
import type { RecordToWrite } from "./cluster/writer.ts";
import type { KafkaRecord } from "./protocol/records.ts";
import type { Commits } from "./reading/commits.ts";
import type { HeldDelivery } from "./reading/partition-log.ts";
import { copyOf } from "./wire.ts";

const NO_REJECT = refused(unsupported("Kafka has no dead letters of its own"));

/** `Source.settle`. Retries and dead letters are copies. Without a group, `commits` is undefined. */
export function settle(
  state: LinkState,
  sourceName: string,
  commits: Commits | undefined,
  batch: readonly core.Settlement[],
  signal: AbortSignal,
): readonly core.SettleResult[] | Promise<readonly core.SettleResult[]> {
  let needCopies = false;
  const results = batch.map((settlement): core.SettleResult => {
    const delivery = heldDelivery(settlement);
    if (!delivery.held) return LEASE_LOST;
    if (settlement.action === "reject") return NO_REJECT;
    if (settlement.action === "ack") markSettled(delivery, commits);
    else if (settlement.action === "release") delivery.log.release(delivery);
    else needCopies = true;
    return undefined;
  });
  return needCopies ? settleByCopy(state, sourceName, commits, batch, results, signal) : results;
}

/**
 * Settles retries and dead letters once their copies are stored. Completes `results`. The kit's `copyThenSettle` settles one
 * delivery; here all copies of a batch are one write, and one commit settles all originals.
 */
async function settleByCopy(
  state: LinkState,
  sourceName: string,
  commits: Commits | undefined,
  batch: readonly core.Settlement[],
  results: core.SettleResult[],
  signal: AbortSignal,
): Promise<readonly core.SettleResult[]> {
  const errors = await writeCopies(state, sourceName, batch, results, signal);
  for (const [index, error] of errors) {
    const settlement = batch[index];
    if (settlement === undefined) continue;
    const delivery = heldDelivery(settlement);
    if (!delivery.held) results[index] = LEASE_LOST;
    else if (error !== undefined) results[index] = refused(error);
    else markSettled(delivery, commits);
  }
  // If the connection is lost later, an original that is committed is not delivered beside its copy.
  await commits?.commitNow();
  return results;
}

/** Writes all copies together. Returns the error of each, by its index in the batch; undefined where it is stored. */
async function writeCopies(
  { writer, context }: LinkState,
  sourceName: string,
  batch: readonly core.Settlement[],
  results: readonly core.SettleResult[],
  signal: AbortSignal,
): Promise<ReadonlyMap<number, unknown>> {
  const now = context.clock.now();
  const indexes: number[] = [];
  const copies: RecordToWrite[] = [];
  for (const [index, settlement] of batch.entries()) {
    if (results[index] !== undefined || !("headers" in settlement)) continue;
    const record = heldDelivery(settlement).native;
    indexes.push(index);
    copies.push(
      settlement.action === "retry"
        ? retryCopy(sourceName, record, settlement.headers, settlement.delay, now)
        : deadLetterCopy(sourceName, record, settlement.headers, now),
    );
  }
  const errors = new Map<number, unknown>();
  try {
    await writer.write(copies, (at, failure) => errors.set(indexes[at] ?? -1, failure?.error), signal);
  } catch (error) {
    for (const index of indexes) if (!errors.has(index)) errors.set(index, error);
  }
  return errors;
}

/** A copy that returns to its source by way of a retry topic. */
export function retryCopy(
  sourceName: string,
  record: KafkaRecord,
  changes: core.HeaderChanges,
  delay: number,
  now: number,
): RecordToWrite {
  return {
    topic: retryStepName(sourceName, stepBelow(delay)),
    record: copyOf(record, changes, now),
  };
}

/** A dead letter. Its record's key is the position of the original, so that it exists only once. */
function deadLetterCopy(
  sourceName: string,
  record: KafkaRecord,
  changes: core.HeaderChanges,
  now: number,
): RecordToWrite {
  const { topic, partition, offset, timestamp, key } = record;
  const id = Buffer.from(`${topic}/${partition}/${offset}/${timestamp}`);
  const copy = copyOf(record, { ...changes, [OWN.key]: undefined }, now, id);
  return {
    topic: deadLettersName(sourceName),
    record: {
      ...copy,
      // The message's own key.
      headers: key === null ? copy.headers : { ...copy.headers, [OWN.key]: key },
      // A record without a value would delete the dead letter.
      value: copy.value ?? Buffer.alloc(0),
    },
  };
}

function markSettled(delivery: HeldDelivery, commits: Commits | undefined): void {
  delivery.log.settle(delivery);
  commits?.acked();
}

function heldDelivery({ delivery }: core.Settlement): HeldDelivery {
  // The cast is true: the core settles what a source of this driver has delivered.
  return delivery as HeldDelivery;
}
