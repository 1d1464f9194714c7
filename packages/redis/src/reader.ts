import type { Connection } from "./connection.ts";
import type { Life } from "./life.ts";
import { TICK } from "./scripts.ts";
import type { Feed } from "./topology.ts";
import { type Raw, RedisDelivery } from "./wire.ts";

/** How often is looked for what others have let go of, and how long a read may block, in milliseconds. */
export const TICK_EVERY = 500;

/** Who reads, and what. */
export interface Reading {
  readonly life: Life;
  readonly feeds: readonly Feed[];
  readonly dead: string;
  /** The consumer's name in the group. */
  readonly name: string;
  /** The connection on which reads block. */
  readonly blocking: Connection;
}

/** Gets the next deliveries. */
export interface Reader {
  /** At most `max`, as soon as there is one; none after a while. */
  read(max: number): Promise<readonly RedisDelivery[]>;
  /** Nothing more is read for now; what nobody holds any more may go to others. */
  pause(): Promise<void>;
  resume(): Promise<void>;
}

/** What one look at streams has brought. */
export interface Tick {
  readonly deliveries: readonly RedisDelivery[];
  /** Up to where the group has read each of them; empty for who does not own it. */
  readonly last: readonly string[];
}

/**
 * Sees, in the streams at these places, to what is due and to what others have let go of; the owner of a partition also
 * gets what is new.
 */
export async function tick(
  { life, feeds, dead, name }: Omit<Reading, "blocking">,
  places: readonly number[],
  max: number,
  ownership?: { readonly owners: string; readonly partition: (place: number) => number },
): Promise<Tick> {
  const { connection, context, prefix, census, promoter, deletion } = life;
  const looked = places.map((at) => feeds[at]).filter((feed) => feed !== undefined);
  const [first] = looked;
  if (first === undefined) return { deliveries: [], last: [] };
  const until = context.clock.now() + context.lease;
  const keys = [ownership?.owners ?? first.stream, dead, ...looked.flatMap(({ stream, delay }) => [stream, delay])];
  const kinds = places.flatMap((at) => [ownership?.partition(at) ?? "", feeds[at]?.only === true ? deletion : ""]);
  const given = [first.group, name, max, context.lease, prefix, ...kinds, ...census.known()];
  // The cast is true: that is what the script answers.
  const [silent = [], ...results] = (await connection.run(TICK, keys, ...given)) as readonly (readonly unknown[])[];
  census.doubt(silent.map(String));
  const deliveries: RedisDelivery[] = [];
  for (const [index, [next, , ...found]] of results.entries()) {
    const [feed, at = 0] = [looked[index], places[index]];
    if (feed === undefined) continue;
    if (Number(next) >= 0) promoter.arm(feed, Number(next));
    for (let one = 0; one < found.length; one += 2) {
      // The casts are true: they are pairs of a number and an entry.
      deliveries.push(new RedisDelivery(found[one + 1] as Raw, feed.stream, at, found[one] as number, until));
    }
  }
  return { deliveries, last: results.map(([, last]) => String(last)) };
}

/** Reads what competing consumers share. */
export class SharedReader implements Reader {
  readonly #reading: Reading;
  #lastTick = 0;

  constructor(reading: Reading) {
    this.#reading = reading;
  }

  async read(max: number): Promise<readonly RedisDelivery[]> {
    const { feeds } = this.#reading;
    if (Date.now() - this.#lastTick < TICK_EVERY) return this.#block(max);
    this.#lastTick = Date.now();
    const { deliveries } = await tick(this.#reading, [...feeds.keys()], max);
    // There may be more.
    if (deliveries.length >= max) this.#lastTick = 0;
    return deliveries.length > 0 ? deliveries : this.#block(max);
  }

  async pause(): Promise<void> {}

  async resume(): Promise<void> {
    this.#lastTick = 0;
  }

  async #block(max: number): Promise<readonly RedisDelivery[]> {
    const { life, feeds, name, blocking } = this.#reading;
    const { clock, lease } = life.context;
    // Redis counts for each stream.
    const each = Math.max(1, Math.floor(max / feeds.length));
    const from = [...feeds.map(({ stream }) => stream), ...feeds.map(() => ">")];
    const until = clock.now() + lease;
    const options = ["COUNT", each, "BLOCK", TICK_EVERY, "STREAMS", ...from];
    const answer = await blocking.command("XREADGROUP", "GROUP", feeds[0]?.group ?? "", name, ...options);
    // The cast is true: that is how Redis answers.
    const streams = (answer ?? []) as readonly (readonly [Buffer, readonly Raw[]])[];
    return streams.flatMap(([stream, entries]) => {
      const at = feeds.length === 1 ? 0 : feeds.findIndex((feed) => feed.stream === String(stream));
      const feed = feeds[at];
      return feed === undefined ? [] : entries.map((entry) => new RedisDelivery(entry, feed.stream, at, 0, until));
    });
  }
}
