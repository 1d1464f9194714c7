import { setTimeout as sleep } from "node:timers/promises";
import type { Cluster } from "../cluster/metadata.ts";
import type { Session } from "../cluster/session.ts";
import { classify } from "../errors.ts";
import { CODES, codeOf } from "../protocol/error-codes.ts";
import type { Fetched } from "../protocol/requests.ts";
import type { PartitionLog } from "./partition-log.ts";

/** How long the server waits for something to come: with every partition asked about, and while some are full. */
const WAIT = 250;
const WAIT_WHILE_FULL = 20;

/** For whom it is. */
interface Fetches {
  /** What is to be read at present. */
  readonly logs: () => readonly PartitionLog[];
  readonly arrived: () => void;
  readonly failed: (error: unknown) => void;
  readonly signal: AbortSignal;
}

/** Reads partitions, each node in a loop of its own: what it leads, as long as there is room for more. */
export class Fetching {
  readonly #session: Session;
  readonly #cluster: Cluster;
  readonly #for: Fetches;
  readonly #nodes = new Set<number>();
  #room = Promise.withResolvers<void>();

  constructor({ session, cluster }: { readonly session: Session; readonly cluster: Cluster }, fetches: Fetches) {
    this.#session = session;
    this.#cluster = cluster;
    this.#for = fetches;
  }

  /** Sees to it that every node that leads one of the partitions is asked. */
  lead(logs: readonly PartitionLog[]): void {
    for (const node of logs.map((log) => this.#nodeOf(log))) {
      if (node < 0 || this.#nodes.has(node)) continue;
      this.#nodes.add(node);
      void this.#from(node).catch((error: unknown) => this.#for.failed(error));
    }
    // A node that led nothing for a while may lead again.
    this.stir();
  }

  /** There may be room for more. */
  stir(): void {
    const { resolve } = this.#room;
    this.#room = Promise.withResolvers();
    resolve();
  }

  #nodeOf({ topic, partition }: PartitionLog): number {
    return this.#cluster.known(topic)?.[partition] ?? -1;
  }

  async #from(node: number): Promise<void> {
    const { logs, arrived, signal } = this.#for;
    while (!signal.aborted) {
      const mine = logs().filter((log) => this.#nodeOf(log) === node);
      const hungry = mine.filter((log) => log.hungry);
      if (hungry.length === 0) {
        await this.#room.promise;
        continue;
      }
      const wait = hungry.length === mine.length ? WAIT : WAIT_WHILE_FULL;
      const from = hungry.map(({ topic, partition, position }) => ({ topic, partition, offset: position }));
      const answers = await this.#session.fetch(node, from, wait).catch((error: unknown) => this.#moved(error, hungry));
      if (signal.aborted) return;
      for (const [index, answer] of answers.entries()) {
        const log = hungry[index];
        if (log === undefined || log.over) continue;
        if (answer.error === undefined) log.push(answer);
        else await this.#mend(log, answer);
      }
      arrived();
    }
  }

  /** A node that cannot be reached may not lead any more: asks who does, until the cluster knows. */
  async #moved(error: unknown, logs: readonly PartitionLog[]): Promise<readonly Fetched[]> {
    const { signal } = this.#for;
    if (classify(error).code !== "UNAVAILABLE") throw error;
    await sleep(WAIT, undefined, { signal });
    await this.#cluster.look([...new Set(logs.map(({ topic }) => topic))], signal);
    this.lead(this.#for.logs());
    return [];
  }

  /** A partition that could not be read: it has moved, or what was to be read is not there any more. */
  async #mend(log: PartitionLog, { error }: Fetched): Promise<void> {
    const { signal, logs } = this.#for;
    if (codeOf(error) === CODES.offsetOutOfRange) {
      const [first = 0] = await this.#cluster.offsets([log], -2, signal);
      log.position = first;
      return;
    }
    const gone = (await this.#cluster.look([log.topic], signal)).length === 0;
    // A new topic may not be known to its leader yet; one that has been read may have been made anew meanwhile.
    const fresh = codeOf(error) === CODES.unknownTopic && log.position === 0;
    if (gone || !(fresh || classify(error).retryable)) throw error;
    await sleep(WAIT, undefined, { signal });
    this.lead(logs());
  }
}
