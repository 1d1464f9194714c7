import { setTimeout as sleep } from "node:timers/promises";
import { BrokerError, orAborted } from "@anybroker/core/driver";
import { CODES, codeOf } from "../protocol/error-codes.ts";
import type { Place } from "../protocol/topic-partition.ts";
import type { Session } from "./session.ts";

/** Milliseconds between two looks at the topics in use: nobody tells of partitions that are added. */
export const LOOK = 10_000;

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

  /** Asks anew about all topics that are known; answers whether partitions were added. */
  async refresh(signal: AbortSignal): Promise<boolean> {
    const before = new Map(this.#leaders);
    // Servers close what is not used, after ten minutes unless told otherwise, and all connections end together.
    for (const node of this.#session.asked) this.#session.metadata([], node).catch(() => {});
    for (const node of this.#session.fetched) this.#session.fetch(node, [], 0).catch(() => {});
    const found = await this.look([...before.keys()], signal);
    // Whether one has gone for good is found out by who reads it or writes to it.
    for (const [topic, leaders] of before) if (!found.includes(topic)) this.#leaders.set(topic, leaders);
    return [...before].some(([topic, leaders]) => this.known(topic)?.length !== leaders.length);
  }

  /** Waits until every partition of the topics has a leader. */
  async settled(topics: readonly string[], signal: AbortSignal): Promise<void> {
    for (let all = false; !all; ) {
      const found = await this.look(topics, signal);
      all = found.length === topics.length && found.every((topic) => !this.known(topic)?.includes(-1));
      if (!all) await sleep(AGAIN, undefined, { signal });
    }
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
  async offsets<P extends Place>(
    places: readonly P[],
    time: number | ((place: P) => number),
    signal: AbortSignal,
  ): Promise<readonly number[]> {
    const timed = places.map((place) => ({ ...place, time: typeof time === "number" ? time : time(place) }));
    for (let tries = TRIES; ; tries -= 1) {
      const found = await this.each(timed, signal, (node, some) => this.#session.offsets(node, some));
      const { error } = found.find((one) => one.error !== undefined) ?? {};
      if (error === undefined) {
        const late = timed.filter((place, index) => place.time >= 0 && found[index]?.value === -1);
        const ends = late.length === 0 ? [] : await this.offsets(late, -1, signal);
        return timed.map((place, index) => ends[late.indexOf(place)] ?? found[index]?.value ?? -1);
      }
      // A leader may know only a little later that it is one.
      if (tries === 0 || !ON_THE_WAY.includes(codeOf(error) ?? -1)) throw error;
      await sleep(AGAIN, undefined, { signal });
      await this.look([...new Set(places.map(({ topic }) => topic))], signal);
    }
  }

  /** Every partition of those of the topics that are there. */
  async found(topics: readonly string[], signal: AbortSignal): Promise<readonly Place[]> {
    return this.places(await this.look(topics, signal), signal);
  }

  /** Every partition of the topics. */
  async places(topics: readonly string[], signal: AbortSignal): Promise<readonly Place[]> {
    const all = await Promise.all(
      topics.map(async (topic) => (await this.leaders(topic, signal)).map((_, partition) => ({ topic, partition }))),
    );
    return all.flat();
  }
}
