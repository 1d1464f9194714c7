import type * as core from "@anybroker/core/driver";
import { orAborted } from "@anybroker/core/driver";
import { notFound } from "./errors.ts";
import { keysOf, type Life } from "./life.ts";
import { REPLAY } from "./scripts.ts";
import { sourceKeys } from "./topology.ts";
import { copyFields, pack, type Raw, RedisDelivery } from "./wire.ts";

/** How many are moved or removed in one step. */
const STRIDE = 200;

/** The dead letters of one queue or subscription: a stream without a group. Their names are the ids of its entries. */
export class DeadLetters implements core.DeadLetterStore {
  readonly #life: Life;
  readonly #entity: core.SourceEntity;
  readonly #dead: string;

  constructor(life: Life, entity: core.SourceEntity) {
    this.#life = life;
    this.#entity = entity;
    this.#dead = sourceKeys(life.settings, entity).dead;
  }

  async count(signal: AbortSignal): Promise<number> {
    return Number(await orAborted(this.#life.connection.command("XLEN", this.#dead), signal));
  }

  async list(limit: number, after: string | undefined, signal: AbortSignal): Promise<readonly Entry[]> {
    return this.#range(after, "+", limit, signal);
  }

  async replay(selection: core.Selection, headers: core.HeaderChanges, signal: AbortSignal): Promise<number> {
    const { feeds, back } = await orAborted(keysOf(this.#life, this.#entity), signal);
    const keys = [this.#dead, ...feeds.map(({ stream }) => stream)];
    return this.#each(selection, signal, async (entries) => {
      const letters = entries.flatMap(({ native, key }) => {
        const fields = copyFields(native, headers);
        return [native.id, keys.indexOf(back(key).stream) + 1, fields.length, ...fields];
      });
      const moved = Number(await this.#life.connection.run(REPLAY, keys, pack(letters)));
      if (moved < 0) throw notFound(`stream to replay to: ${keys.slice(1).join(", ")}`);
      return moved;
    });
  }

  remove(selection: core.Selection, signal: AbortSignal): Promise<number> {
    const { connection } = this.#life;
    return this.#each(selection, signal, async (entries) =>
      Number(await connection.command("XDEL", this.#dead, ...entries.map(({ native }) => native.id))),
    );
  }

  /** Does something with the letters that are selected, some at a time; answers the sum of what it answers. */
  async #each(
    selection: core.Selection,
    signal: AbortSignal,
    work: (entries: readonly Entry[]) => Promise<number>,
  ): Promise<number> {
    let done = 0;
    if ("ids" in selection) {
      const ids = [...new Set(selection.ids)].filter((id) => /^\d+-\d+$/.test(id));
      for (let from = 0; from < ids.length; from += STRIDE) {
        const found = ids.slice(from, from + STRIDE).map((id) => this.#range(undefined, id, 1, signal, id));
        const entries = (await Promise.all(found)).flat();
        if (entries.length > 0) done += await orAborted(work(entries), signal);
      }
      return done;
    }
    // What dies from now on is not meant.
    const [last] = await this.#read("XREVRANGE", signal, "+", "-", "COUNT", 1);
    let page = last === undefined ? [] : await this.#range(undefined, last.deadLetterId, STRIDE, signal);
    while (page.length > 0) {
      done += await orAborted(work(page), signal);
      page = await this.#range(page.at(-1)?.deadLetterId, last?.deadLetterId ?? "+", STRIDE, signal);
    }
    return done;
  }

  #range(
    after: string | undefined,
    to: string,
    limit: number,
    signal: AbortSignal,
    from = "-",
  ): Promise<readonly Entry[]> {
    return this.#read("XRANGE", signal, after === undefined ? from : `(${after}`, to, "COUNT", limit);
  }

  async #read(command: string, signal: AbortSignal, ...range: readonly (string | number)[]): Promise<readonly Entry[]> {
    const asking = this.#life.connection.command(command, this.#dead, ...range);
    // The cast is true: that is how Redis answers.
    const found = (await orAborted(asking, signal)) as readonly Raw[];
    return found.map((entry) => new Entry(entry, this.#dead, 0, 0, 0));
  }
}

class Entry extends RedisDelivery implements core.DeadLetterEntry {
  get deadLetterId(): string {
    return this.native.id;
  }
}
