import type * as core from "@anybroker/core/driver";
import { unsupported } from "@anybroker/core/driver";
import { placeOf } from "./declaring/places.ts";
import { classify } from "./errors.ts";
import { isThere, type Peeked, peek } from "./inspecting/peek.ts";
import { receiveDead } from "./inspecting/receive-dead.ts";
import type { LinkState } from "./state/link-state.ts";
import { stats } from "./stats.ts";
import { ServicebusDeadLetter, sequenceOf, toCopy } from "./wire.ts";

/** The dead letters of a queue or subscription, in the place that the service has for them. Their numbers name them. */
export class DeadLetters implements core.DeadLetterStore {
  readonly #link: LinkState;
  readonly #entity: core.SourceEntity;

  constructor(link: LinkState, entity: core.SourceEntity) {
    this.#link = link;
    this.#entity = entity;
  }

  async count(signal: AbortSignal): Promise<number> {
    try {
      const { dead } = await stats(this.#link, this.#entity, signal);
      return dead ?? 0;
    } catch (error) {
      if (classify(error).code !== "FORBIDDEN") throw error;
    }
    let count = 0;
    for await (const _ of peek(this.#link, await this.#dead(signal), undefined, signal)) count += 1;
    return count;
  }

  async list(limit: number, after: string | undefined, signal: AbortSignal): Promise<readonly core.DeadLetterEntry[]> {
    const entries: core.DeadLetterEntry[] = [];
    if (limit <= 0) return entries;
    for await (const native of peek(this.#link, await this.#dead(signal), after, signal)) {
      entries.push(new ServicebusDeadLetter(native));
      if (entries.length === limit) break;
    }
    return entries;
  }

  async replay(selection: core.Selection, headers: core.HeaderChanges, signal: AbortSignal): Promise<number> {
    const { path, queue } = await placeOf(this.#link, this.#entity, signal);
    if (queue === undefined) {
      throw unsupported(
        `a dead letter of ${path} cannot go back to it alone: it does not forward to a queue of its own`,
      );
    }
    return this.#each(selection, signal, (native) =>
      this.#link.senders.send(queue, toCopy(native, headers, undefined), signal),
    );
  }

  remove(selection: core.Selection, signal: AbortSignal): Promise<number> {
    return this.#each(selection, signal, () => Promise.resolve());
  }

  async #each(
    selection: core.Selection,
    signal: AbortSignal,
    work: Parameters<typeof receiveDead>[3],
  ): Promise<number> {
    const dead = await this.#dead(signal);
    const wanted = new Set<string>();
    if ("ids" in selection) {
      for (const id of selection.ids) if (await isThere(this.#link, dead, id, signal)) wanted.add(id);
      // Fails if the place does not exist, which an id that this driver never gives does not show.
      if (wanted.size === 0) await this.list(1, undefined, signal);
    } else {
      for await (const native of peek(this.#link, dead, undefined, signal)) wanted.add(sequenceOf(native));
    }
    if (wanted.size > 0) return receiveDead(this.#link, dead.path, wanted, work, signal);
    // Rejects if there is no such queue or subscription.
    await peek(this.#link, dead, undefined, signal).next();
    return 0;
  }

  async #dead(signal: AbortSignal): Promise<Peeked> {
    const { path } = await placeOf(this.#link, this.#entity, signal);
    return { path, dead: true };
  }
}
