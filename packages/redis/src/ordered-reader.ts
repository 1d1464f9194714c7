import { setTimeout as pause } from "node:timers/promises";
import { type Reader, type Reading, TICK_EVERY, tick } from "./reader.ts";
import { SHARE } from "./scripts.ts";
import type { SourceKeys } from "./topology.ts";
import type { RedisDelivery } from "./wire.ts";

/**
 * Reads the partitions that are ours. Each has one owner, who keeps saying that it is there; the server gives nothing
 * of a partition to anybody else.
 */
export class OrderedReader implements Reader {
  readonly #reading: Reading;
  readonly #keys: Pick<SourceKeys, "owners" | "members">;
  readonly #ownership: Parameters<typeof tick>[3];
  /** How many streams a partition has. */
  readonly #per: number;
  readonly #beat: NodeJS.Timeout;
  /** Up to where our streams have been read, by their places. */
  readonly #read = new Map<number, string>();
  /** Places of streams in which there may be more. */
  readonly #hot = new Set<number>();
  #mine: readonly number[] = [];
  #there = true;
  #lastLook = 0;

  private constructor(reading: Reading, keys: Pick<SourceKeys, "owners" | "members">, per: number) {
    this.#reading = reading;
    this.#keys = keys;
    this.#ownership = { owners: keys.owners, partition: (place) => Math.floor(place / per) };
    this.#per = per;
    this.#beat = setInterval(() => void this.#share().catch(() => {}), TICK_EVERY);
    void reading.blocking.lost.then(() => clearInterval(this.#beat));
  }

  /** Takes its part of the partitions; the streams of each follow one another. */
  static async open(reading: Reading, keys: Pick<SourceKeys, "owners" | "members">, per: number): Promise<Reader> {
    const reader = new OrderedReader(reading, keys, per);
    await reader.#share();
    return reader;
  }

  async read(max: number): Promise<readonly RedisDelivery[]> {
    if (Date.now() - this.#lastLook >= TICK_EVERY) {
      this.#lastLook = Date.now();
      for (const at of this.#places()) this.#hot.add(at);
    }
    if (this.#hot.size === 0) await this.#wait();
    const places = [...this.#hot];
    this.#hot.clear();
    const { deliveries, last } = await tick(this.#reading, places, max, this.#ownership);
    for (const [index, at] of places.entries()) this.#read.set(at, last[index] ?? "");
    // Those not reached this time come first the next.
    if (deliveries.length === max) for (const at of [...places.slice(1), ...places.slice(0, 1)]) this.#hot.add(at);
    return deliveries;
  }

  async pause(): Promise<void> {
    this.#there = false;
    await this.#share();
  }

  async resume(): Promise<void> {
    this.#there = true;
    this.#lastLook = 0;
    await this.#share();
  }

  /** Waits until there is something new in one of our streams. It is not read here: another may own it by then. */
  async #wait(): Promise<void> {
    const { feeds, blocking } = this.#reading;
    const known = this.#places().filter((at) => (this.#read.get(at) ?? "") !== "");
    if (known.length === 0) return pause(TICK_EVERY / 5);
    const streams = known.map((at) => feeds[at]?.stream ?? "");
    const from = known.map((at) => this.#read.get(at) ?? "");
    const answer = await blocking.command("XREAD", "COUNT", 1, "BLOCK", TICK_EVERY, "STREAMS", ...streams, ...from);
    // The cast is true: that is how Redis answers.
    for (const [stream] of (answer ?? []) as readonly (readonly [Buffer, unknown])[]) {
      this.#hot.add(feeds.findIndex((feed) => feed.stream === String(stream)));
    }
  }

  #places(): readonly number[] {
    return this.#mine.flatMap((number) => Array.from({ length: this.#per }, (_, index) => number * this.#per + index));
  }

  async #share(): Promise<void> {
    const { life, feeds, name } = this.#reading;
    const { connection, context, prefix, census } = life;
    const keys = [this.#keys.owners, this.#keys.members, ...feeds.map(({ stream }) => stream)];
    const given = [feeds[0]?.group ?? "", name, context.lease, this.#there ? "1" : "0", this.#per, prefix];
    // The cast is true: that is what the script answers.
    const answer = (await connection.run(SHARE, keys, ...given, ...census.known())) as [readonly Buffer[], number[]];
    const [others, mine] = answer;
    census.doubt(others.map(String));
    this.#mine = mine;
  }
}
