import { setTimeout as sleep } from "node:timers/promises";
import type * as core from "@anybroker/core/driver";
import { BrokerError, orAborted } from "@anybroker/core/driver";
import type { Client, Place, Session } from "./client.ts";
import { CODES, codeOf } from "./client.ts";
import type { Settings } from "./options.ts";
import type { Writer } from "./send.ts";

/** One life of the connection: what is known in it, and ends with it. */
export interface Life {
  readonly settings: Settings;
  readonly context: core.LinkContext;
  readonly naming: core.Naming;
  readonly session: Session;
  readonly cluster: Cluster;
  readonly writer: Writer;
  /** Opens further sockets, for one source. */
  readonly open: Client;
  /** Members that could not leave their group, by group: they hold up every one that joins until they are gone. */
  readonly strays: Map<string, Set<string>>;
}

/** Milliseconds between two looks at what is about to come true, and how many there are. */
const AGAIN = 20;
const TRIES = 100;

const ON_THE_WAY: readonly number[] = [CODES.unknownTopic, CODES.leaderNotAvailable, CODES.notLeader];

/** Which node leads which partition, as far as it has been asked. */
export class Cluster {
  readonly #session: Session;
  readonly #leaders = new Map<string, readonly number[]>();

  constructor(session: Session) {
    this.#session = session;
  }

  /** The leaders of a topic's partitions, if they are known. */
  known(topic: string): readonly number[] | undefined {
    return this.#leaders.get(topic);
  }

  /** The leaders of a topic's partitions; throws the server's error where there is no such topic. */
  async leaders(topic: string, signal: AbortSignal): Promise<readonly number[]> {
    const known = this.#leaders.get(topic);
    if (known !== undefined) return known;
    await this.look([topic], signal);
    const leaders = this.#leaders.get(topic);
    if (leaders === undefined) throw new BrokerError("NOT_FOUND", `no topic ${topic}`);
    return leaders;
  }

  /** Asks about topics anew; answers those that are there. */
  async look(topics: readonly string[], signal: AbortSignal): Promise<readonly string[]> {
    const found: string[] = [];
    for (const { topic, error, leaders } of await orAborted(this.#session.metadata(topics), signal)) {
      const code = codeOf(error);
      this.#leaders.delete(topic);
      if (error === undefined) {
        this.#leaders.set(topic, leaders);
        found.push(topic);
      } else if (code !== CODES.unknownTopic && code !== CODES.leaderNotAvailable) throw error;
    }
    return found;
  }

  /** Waits until every partition of the topics has a leader; rejects when that takes too long. */
  async settled(topics: readonly string[], signal: AbortSignal): Promise<void> {
    for (let tries = 0; tries < TRIES; tries += 1) {
      const found = await this.look(topics, signal);
      const all = found.length === topics.length && found.every((topic) => !this.known(topic)?.includes(-1));
      if (all) return;
      await sleep(AGAIN, undefined, { signal });
    }
    // One that was said to be there already may have been on its way out.
    throw new BrokerError("UNAVAILABLE", `no leader of ${topics.join(", ")}`, { retryable: true });
  }

  /** What was known of a topic is not true any more. */
  forget(topic: string): void {
    this.#leaders.delete(topic);
  }

  /** Asks the leader of each place, all at once; the answers come in the order of the places. */
  async each<P extends Place, T>(
    places: readonly P[],
    signal: AbortSignal,
    ask: (node: number, places: readonly P[]) => Promise<readonly T[]>,
  ): Promise<readonly T[]> {
    const answers = new Map<P, T>();
    const nodes = new Map<P, number>();
    for (const place of places) nodes.set(place, (await this.leaders(place.topic, signal))[place.partition] ?? -1);
    const groups = [...Map.groupBy(places, (place) => nodes.get(place) ?? -1)];
    const asking = groups.map(async ([node, some]) => {
      const said = await ask(node, some);
      for (const [index, place] of some.entries()) {
        const answer = said[index];
        if (answer !== undefined) answers.set(place, answer);
      }
    });
    await orAborted(Promise.all(asking), signal);
    // The cast is true: each of them has been answered.
    return places.map((place) => answers.get(place) as T);
  }

  /** Offsets by time: -1 for the end, -2 for the beginning; the end where there is nothing so late. */
  async offsets(
    places: readonly (Place & { readonly time: number })[],
    signal: AbortSignal,
    tries: number = TRIES,
  ): Promise<readonly number[]> {
    const found = await this.each(places, signal, (node, some) => this.#session.offsets(node, some));
    const { error } = found.find((one) => one.error !== undefined) ?? {};
    // A leader may know only a little later that it is one.
    if (tries > 0 && ON_THE_WAY.includes(codeOf(error) ?? -1)) {
      await sleep(AGAIN, undefined, { signal });
      await this.look([...new Set(places.map(({ topic }) => topic))], signal);
      return this.offsets(places, signal, tries - 1);
    }
    if (error !== undefined) throw error;
    const late = places.filter((place, index) => place.time >= 0 && found[index]?.value === -1);
    if (late.length === 0) return found.map(({ value }) => value);
    const ends = await this.offsets(
      late.map((place) => ({ ...place, time: -1 })),
      signal,
    );
    return places.map((place, index) => {
      const at = late.indexOf(place);
      return at < 0 ? (found[index]?.value ?? -1) : (ends[at] ?? -1);
    });
  }

  /** Every partition of the topics. */
  async places(topics: readonly string[], signal: AbortSignal): Promise<readonly Place[]> {
    const all = await Promise.all(
      topics.map(async (topic) => (await this.leaders(topic, signal)).map((_, partition) => ({ topic, partition }))),
    );
    return all.flat();
  }
}
