import { setTimeout as sleep } from "node:timers/promises";
import { orAborted } from "@anybroker/core/driver";
import { noTopic, ofTopic } from "../errors.ts";
import { CODES, kafkaCodeOf } from "../protocol/error-codes.ts";
import type { TopicPartition } from "../protocol/topic-partition.ts";
import type { Session } from "./session.ts";

/** How often to refresh the topics in use, in ms. The server does not announce partitions that are added. */
export const REFRESH_INTERVAL = 10_000;

/** How long to wait before asking again for something that is about to happen, in ms, and how often. */
const RETRY_WAIT = 20;
const RETRIES = 100;

/** Times for which Kafka returns the end and the beginning of a partition. */
export const END = -1;
export const BEGINNING = -2;

/** The errors of a partition that is about to have a leader. */
const NOT_READY: readonly number[] = [CODES.unknownTopic, CODES.leaderNotAvailable, CODES.notLeader];

/** The node number that stands for "no leader". */
const NO_LEADER = -1;

/** Knows which node leads each partition, and sends requests to the leaders. */
export class Cluster {
  readonly #session: Session;
  readonly #leaders = new Map<string, readonly number[]>();

  constructor(session: Session) {
    this.#session = session;
  }

  /** The leaders of a topic's partitions, if they are known. */
  knownLeaders(topic: string): readonly number[] | undefined {
    return this.#leaders.get(topic);
  }

  /** The leaders of a topic's partitions, asked for if they are unknown. Rejects with `NOT_FOUND` without the topic. */
  async leaders(topic: string, signal: AbortSignal): Promise<readonly number[]> {
    const known = this.#leaders.get(topic);
    if (known !== undefined) return known;
    await this.refresh([topic], signal);
    const leaders = this.#leaders.get(topic);
    if (leaders === undefined) throw noTopic(topic);
    return leaders;
  }

  /** Asks again about topics. Returns those that exist. */
  async refresh(topics: readonly string[], signal: AbortSignal): Promise<readonly string[]> {
    const existing: string[] = [];
    for (const { topic, error, leaders } of await orAborted(this.#session.metadata(topics), signal)) {
      this.#leaders.delete(topic);
      if (error === undefined) {
        this.#leaders.set(topic, leaders);
        existing.push(topic);
        continue;
      }
      const code = kafkaCodeOf(error);
      if (code !== CODES.unknownTopic && code !== CODES.leaderNotAvailable) throw error;
    }
    return existing;
  }

  /** Asks again about all known topics. Returns whether the number of partitions of any has changed. */
  async refreshAll(signal: AbortSignal): Promise<boolean> {
    const before = new Map(this.#leaders);
    this.#keepConnectionsOpen();
    const existing = await this.refresh([...before.keys()], signal);
    // Readers and writers find out by themselves whether a topic is gone for good.
    for (const [topic, leaders] of before) if (!existing.includes(topic)) this.#leaders.set(topic, leaders);
    return [...before].some(([topic, leaders]) => this.knownLeaders(topic)?.length !== leaders.length);
  }

  /** Waits until each partition of the topics has a leader. */
  async waitForLeaders(topics: readonly string[], signal: AbortSignal): Promise<void> {
    for (;;) {
      const existing = await this.refresh(topics, signal);
      const haveLeaders = existing.every((topic) => !this.knownLeaders(topic)?.includes(NO_LEADER));
      if (existing.length === topics.length && haveLeaders) return;
      await sleep(RETRY_WAIT, undefined, { signal });
    }
  }

  /** Forgets the leaders of a topic, because they are out of date. */
  forget(topic: string): void {
    this.#leaders.delete(topic);
  }

  /**
   * Sends one request to the leader of each partition, in parallel. Returns the results in the order of the partitions.
   */
  async askLeaders<P extends TopicPartition, T>(
    partitions: readonly P[],
    signal: AbortSignal,
    ask: (node: number, partitions: readonly P[]) => Promise<readonly T[]>,
  ): Promise<readonly T[]> {
    const leaders = new Map<P, number>();
    for (const partition of partitions) {
      const nodes = await this.leaders(partition.topic, signal);
      leaders.set(partition, nodes[partition.partition] ?? NO_LEADER);
    }
    const results = new Map<P, T>();
    const byLeader = Map.groupBy(partitions, (partition) => leaders.get(partition) ?? NO_LEADER);
    const asking = [...byLeader].map(async ([node, led]) => {
      const found = await ask(node, led);
      for (const [index, partition] of led.entries()) {
        const result = found[index];
        if (result !== undefined) results.set(partition, result);
      }
    });
    await orAborted(Promise.all(asking), signal);
    // The cast is true: each leader has returned a result for each of its partitions.
    return partitions.map((partition) => results.get(partition) as T);
  }

  /**
   * The offset of each partition at a time, in ms since 1970, or at {@link END} or {@link BEGINNING}. It is the end of
   * a partition that has no record so late.
   */
  async offsetsAt<P extends TopicPartition>(
    partitions: readonly P[],
    time: number | ((partition: P) => number),
    signal: AbortSignal,
  ): Promise<readonly number[]> {
    const times = partitions.map((partition) => ({
      ...partition,
      time: typeof time === "number" ? time : time(partition),
    }));
    for (let retries = RETRIES; ; retries -= 1) {
      const results = await this.askLeaders(times, signal, (node, led) => this.#session.listOffsets(node, led));
      const failed = results.findIndex((result) => result.error !== undefined);
      if (failed === -1) {
        const tooLate = times.filter((one, index) => one.time >= 0 && results[index]?.value === -1);
        const ends = tooLate.length === 0 ? [] : await this.offsetsAt(tooLate, END, signal);
        return times.map((one, index) => ends[tooLate.indexOf(one)] ?? results[index]?.value ?? -1);
      }
      // A new leader may learn a little later than others that it is the leader.
      const error = results[failed]?.error;
      if (retries === 0 || !NOT_READY.includes(kafkaCodeOf(error) ?? -1)) {
        throw ofTopic(partitions[failed]?.topic ?? "", error);
      }
      await sleep(RETRY_WAIT, undefined, { signal });
      await this.refresh([...new Set(partitions.map(({ topic }) => topic))], signal);
    }
  }

  /** All partitions of the topics that exist. */
  async existingPartitions(topics: readonly string[], signal: AbortSignal): Promise<readonly TopicPartition[]> {
    return this.partitionsOf(await this.refresh(topics, signal), signal);
  }

  /** All partitions of the topics. */
  async partitionsOf(topics: readonly string[], signal: AbortSignal): Promise<readonly TopicPartition[]> {
    const lists = topics.map(async (topic) => {
      const leaders = await this.leaders(topic, signal);
      return leaders.map((_, partition) => ({ topic, partition }));
    });
    return (await Promise.all(lists)).flat();
  }

  /**
   * Servers close connections that are idle for ten minutes, unless configured otherwise, and the loss of one
   * connection ends the session.
   */
  #keepConnectionsOpen(): void {
    for (const node of this.#session.contactedNodes) this.#session.metadata([], node).catch(() => {});
    for (const node of this.#session.fetchedNodes) this.#session.fetch(node, [], 0).catch(() => {});
  }
}
