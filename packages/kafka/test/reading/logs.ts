import type { KafkaRecord } from "../../src/protocol/records.ts";
import { type HeldDelivery, PartitionLog } from "../../src/reading/partition-log.ts";

export const partition = { topic: "t", partition: 0 };

export function record(offset: number, fields: Partial<KafkaRecord> = {}): KafkaRecord {
  return { ...partition, offset, timestamp: 1_000, key: null, value: Buffer.from("x"), headers: {}, ...fields };
}

export function emptyLog({ from = 0, metadata = "", delay = 0, owner = "me" } = {}): PartitionLog {
  return new PartitionLog({ ...partition, offset: from, metadata }, delay, owner);
}

/** A log that begins at the offset `from` and has read these offsets. */
export function logOf(
  offsets: readonly number[],
  { from = 0, metadata = "", delay = 0, owner = "me", next = (offsets.at(-1) ?? -1) + 1 } = {},
): PartitionLog {
  const log = emptyLog({ from, metadata, delay, owner });
  log.append({ ...partition, error: undefined, next, records: offsets.map((offset) => record(offset)) });
  return log;
}

export function takeAll(log: PartitionLog): readonly HeldDelivery[] {
  const all: HeldDelivery[] = [];
  for (let one = log.take(); one !== undefined; one = log.take()) all.push(one);
  return all;
}

/** The next delivery, which must be there. */
export function takeOne(log: PartitionLog): HeldDelivery {
  const delivery = log.take();
  if (delivery === undefined) throw new Error("the log has nothing to deliver");
  return delivery;
}

export const offsetsOf = (deliveries: readonly HeldDelivery[]): readonly number[] =>
  deliveries.map(({ native }) => native.offset);
