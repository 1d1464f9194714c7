import type * as core from "@anybroker/core/driver";
import { notFound, orAborted } from "@anybroker/core/driver";
import { classify } from "./errors.ts";
import { type ReplayedLetter, replayDeadLetters } from "./scripts/replay-dead-letters.ts";
import type { LinkState } from "./state/link-state.ts";
import { statsOf } from "./stats.ts";
import { sourceKeys } from "./topology.ts";
import { copyFields, type RawEntry, RedisDelivery } from "./wire.ts";

/** How many dead letters are replayed or removed in one step. */
const STEP = 200;

/** The dead letters of one queue or subscription: a stream without a group. The ids of its entries name them. */
export class DeadLetters implements core.DeadLetterStore {
  readonly #state: LinkState;
  readonly #entity: core.SourceEntity;
  readonly #stream: string;

  constructor(state: LinkState, entity: core.SourceEntity) {
    this.#state = state;
    this.#entity = entity;
    this.#stream = sourceKeys(state.settings, entity).deadLetters;
  }

  async count(signal: AbortSignal): Promise<number> {
    const count = Number(await orAborted(this.#state.connection.command("XLEN", this.#stream), signal));
    if (count === 0) await this.#requireSource(signal);
    return count;
  }

  async list(limit: number, after: string | undefined, signal: AbortSignal): Promise<readonly Entry[]> {
    const entries = await this.#range(afterId(after), "+", limit, signal);
    if (entries.length === 0 && after === undefined) await this.#requireSource(signal);
    return entries;
  }

  async replay(selection: core.Selection, headers: core.HeaderChanges, signal: AbortSignal): Promise<number> {
    const { connection, partitionCounts } = this.#state;
    const { streams, returnStream } = await orAborted(partitionCounts.keysOf(this.#entity), signal);
    return this.#inSteps(selection, signal, async (entries) => {
      const letters = entries.map(
        ({ native, key }): ReplayedLetter => ({
          id: native.id,
          stream: returnStream(key).stream,
          fields: copyFields(native, headers),
        }),
      );
      const moved = await replayDeadLetters(connection, this.#stream, letters);
      if (moved !== undefined) return moved;
      throw notFound(`there is no stream to replay to: ${streams.map(({ stream }) => stream).join(", ")}`);
    });
  }

  async remove(selection: core.Selection, signal: AbortSignal): Promise<number> {
    return this.#inSteps(selection, signal, async (entries) => {
      const ids = entries.map(({ native }) => native.id);
      return Number(await this.#state.connection.command("XDEL", this.#stream, ...ids));
    });
  }

  /** Calls `work` with the selected dead letters, step by step. Resolves with the sum of its results. */
  async #inSteps(selection: core.Selection, signal: AbortSignal, work: Work): Promise<number> {
    const each = "ids" in selection ? this.#eachNamed(selection.ids, signal, work) : this.#eachOfAll(signal, work);
    const sum = await each;
    if (sum === 0) await this.#requireSource(signal);
    return sum;
  }

  /** Rejects with `NOT_FOUND` if there is no such queue or subscription, as far as the account may know. */
  async #requireSource(signal: AbortSignal): Promise<void> {
    await orAborted(statsOf(this.#state, this.#entity), signal).catch((error: unknown) => {
      if (classify(error).code !== "FORBIDDEN") throw error;
    });
  }

  async #eachNamed(names: readonly string[], signal: AbortSignal, work: Work): Promise<number> {
    const ids = [...new Set(names)].filter((id) => /^\d+-\d+$/.test(id));
    let sum = 0;
    for (let from = 0; from < ids.length; from += STEP) {
      const lookups = ids.slice(from, from + STEP).map((id) => this.#range(id, id, 1, signal));
      const entries = (await Promise.all(lookups)).flat();
      if (entries.length > 0) sum += await orAborted(work(entries), signal);
    }
    return sum;
  }

  async #eachOfAll(signal: AbortSignal, work: Work): Promise<number> {
    // Dead letters that come from now on are not selected.
    const [last] = await this.#read("XREVRANGE", "+", "-", 1, signal);
    if (last === undefined) return 0;
    let sum = 0;
    let entries = await this.#range("-", last.deadLetterId, STEP, signal);
    while (entries.length > 0) {
      sum += await orAborted(work(entries), signal);
      entries = await this.#range(afterId(entries.at(-1)?.deadLetterId), last.deadLetterId, STEP, signal);
    }
    return sum;
  }

  #range(from: string, to: string, limit: number, signal: AbortSignal): Promise<readonly Entry[]> {
    return this.#read("XRANGE", from, to, limit, signal);
  }

  async #read(
    command: "XRANGE" | "XREVRANGE",
    from: string,
    to: string,
    limit: number,
    signal: AbortSignal,
  ): Promise<readonly Entry[]> {
    const reading = this.#state.connection.command(command, this.#stream, from, to, "COUNT", limit);
    // The cast is true: Redis returns a list of entries.
    const entries = (await orAborted(reading, signal)) as readonly RawEntry[];
    return entries.map((entry) => new Entry(entry, this.#stream, 0, 0, 0));
  }
}

/** Replays or removes entries. Resolves with how many there were. */
type Work = (entries: readonly Entry[]) => Promise<number>;

class Entry extends RedisDelivery implements core.DeadLetterEntry {
  get deadLetterId(): string {
    return this.native.id;
  }
}

/** The start of a range that excludes this id. */
function afterId(id: string | undefined): string {
  return id === undefined ? "-" : `(${id}`;
}
