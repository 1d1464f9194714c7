import { setTimeout as sleep } from "node:timers/promises";
import { BEGINNING } from "../cluster/cluster.ts";
import { classify, ofTopic } from "../errors.ts";
import { CODES, kafkaCodeOf } from "../protocol/error-codes.ts";
import type { FetchedPartition } from "../protocol/requests.ts";
import type { PartitionLog } from "./partition-log.ts";
import type { SourceContext } from "./source-context.ts";

/** How long the server waits for records, in ms: when all partitions are fetched, and while some have no room. */
export const WAIT = 250;
const WAIT_WHILE_SOME_ARE_FULL = 20;

/** How long to wait before asking again for the leader of a partition, in ms. */
const RETRY_WAIT = 250;

/** Reads partitions ahead, as long as they have room. Each node has a loop of its own for the partitions it leads. */
export class Fetching {
  readonly #context: SourceContext;
  readonly #nodes = new Set<number>();
  #somethingToFetch = Promise.withResolvers<void>();
  #isPaused = false;

  constructor(context: SourceContext) {
    this.#context = context;
  }

  get isPaused(): boolean {
    return this.#isPaused;
  }

  pause(): void {
    this.#isPaused = true;
  }

  resume(): void {
    this.#isPaused = false;
    this.wakeLoops();
  }

  /** Starts a loop for each node that leads a partition and has none yet. */
  startLoops(): void {
    for (const log of this.#context.partitions.all) {
      const node = this.#leaderOf(log);
      if (node < 0 || this.#nodes.has(node)) continue;
      this.#nodes.add(node);
      void this.#fetchFrom(node).catch(this.#context.fail);
    }
    // A node that led nothing for a while may lead a partition again.
    this.wakeLoops();
  }

  /** Lets idle loops look again for partitions with room. */
  wakeLoops(): void {
    const { resolve } = this.#somethingToFetch;
    this.#somethingToFetch = Promise.withResolvers();
    resolve();
  }

  #leaderOf({ topic, partition }: PartitionLog): number {
    return this.#context.cluster.knownLeaders(topic)?.[partition] ?? -1;
  }

  async #fetchFrom(node: number): Promise<void> {
    const { session, partitions, wakeup, retained, ended } = this.#context;
    while (!ended.aborted) {
      const led = this.#isPaused ? [] : partitions.all.filter((log) => this.#leaderOf(log) === node);
      const withRoom = led.filter((log) => log.hasRoom);
      if (withRoom.length === 0) {
        await this.#somethingToFetch.promise;
        continue;
      }
      const wait = withRoom.length === led.length ? WAIT : WAIT_WHILE_SOME_ARE_FULL;
      const from = withRoom.map(({ topic, partition, position }) => ({ topic, partition, offset: position }));
      const fetched = await session
        .fetch(node, from, wait)
        .catch((error: unknown) => this.#findNewLeaders(error, withRoom));
      if (ended.aborted) return;
      for (const [index, result] of fetched.entries()) {
        const log = withRoom[index];
        if (log === undefined || log.revoked) continue;
        if (result.error === undefined) {
          log.append(result);
          if (log.topic !== retained) log.dropBefore(result.start);
        } else await this.#recover(log, result.error);
      }
      wakeup.wake();
    }
  }

  /** A node that cannot be reached may lead nothing any more. Asks for the leaders until the cluster knows. */
  async #findNewLeaders(error: unknown, logs: readonly PartitionLog[]): Promise<readonly FetchedPartition[]> {
    const { cluster, ended } = this.#context;
    if (classify(error).code !== "UNAVAILABLE") throw error;
    await sleep(RETRY_WAIT, undefined, { signal: ended });
    await cluster.refresh([...new Set(logs.map(({ topic }) => topic))], ended);
    this.startLoops();
    return [];
  }

  /** Handles a partition that could not be read: it has moved, or the records at its position are gone. */
  async #recover(log: PartitionLog, error: unknown): Promise<void> {
    const { cluster, ended } = this.#context;
    const code = kafkaCodeOf(error);
    if (code === CODES.offsetOutOfRange) {
      const [oldest = 0] = await cluster.offsetsAt([log], BEGINNING, ended);
      log.position = oldest;
      return;
    }
    const isGone = (await cluster.refresh([log.topic], ended)).length === 0;
    // The leader of a new topic may not know it yet. A topic that was read before may have been deleted and created
    // again.
    const isNew = code === CODES.unknownTopic && log.position === 0;
    if (isGone || !(isNew || classify(error).retryable)) throw ofTopic(log.topic, error);
    await sleep(RETRY_WAIT, undefined, { signal: ended });
    this.startLoops();
  }
}
