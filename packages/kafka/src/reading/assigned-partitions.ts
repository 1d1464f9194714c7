import { partitionName, type TopicPartition } from "../protocol/topic-partition.ts";
import type { SourceTopic } from "../topology.ts";
import { type HeldDelivery, PartitionLog, type StartOfReading } from "./partition-log.ts";

/** The partitions that a source reads at present. */
export class AssignedPartitions {
  /** The topics of the source, its main topic first. */
  readonly topics: readonly string[];
  readonly #owner: string;
  readonly #delays: ReadonlyMap<string, number>;
  readonly #byName = new Map<string, PartitionLog>();
  #all: readonly PartitionLog[] = [];
  /** During a rebalance of the group nothing is delivered and nothing is committed. */
  isRebalancing = false;

  /** `owner` names this program in the notes that are committed. */
  constructor(topics: readonly SourceTopic[], owner: string) {
    this.#owner = owner;
    this.topics = topics.map(({ topic }) => topic);
    this.#delays = new Map(topics.map(({ topic, delay }) => [topic, delay]));
  }

  get all(): readonly PartitionLog[] {
    return this.#all;
  }

  has(partition: TopicPartition): boolean {
    return this.#byName.has(partitionName(partition));
  }

  /** Adds partitions, each to be read from an offset on. */
  add(offsets: readonly StartOfReading[]): void {
    for (const from of offsets) {
      this.#byName.set(partitionName(from), new PartitionLog(from, this.#delays.get(from.topic) ?? 0, this.#owner));
    }
    this.#all = [...this.#byName.values()];
  }

  /** Drops all other partitions. Returns the deliveries of them that the core held. */
  keepOnly(kept: readonly TopicPartition[]): readonly HeldDelivery[] {
    const names = new Set(kept.map(partitionName));
    const lost: HeldDelivery[] = [];
    for (const [name, log] of this.#byName) {
      if (names.has(name)) continue;
      this.#byName.delete(name);
      lost.push(...log.revoke());
    }
    this.#all = [...this.#byName.values()];
    return lost;
  }

  /** Takes all deliveries away from the core. */
  revokeAll(): void {
    for (const log of this.#all) log.revoke();
  }

  /** When the next message is due that is not due yet, in ms since 1970. */
  nextDueAfter(now: number): number {
    let first = Number.POSITIVE_INFINITY;
    for (const { nextDue } of this.#all) {
      if (nextDue !== undefined && nextDue > now && nextDue < first) first = nextDue;
    }
    return first;
  }
}
