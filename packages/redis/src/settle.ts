import type * as core from "@anybroker/core/driver";
import {
  BackgroundAcks,
  LEASE_LOST,
  notFound,
  orAborted,
  refused,
  unavailable,
  unsupported,
} from "@anybroker/core/driver";
import { settleFailureOf } from "./errors.ts";
import { type Consumer, streamAt } from "./reading/consumer.ts";
import { moveEntry, type TargetKind } from "./scripts/move-entry.ts";
import { type SettleAction, settleEntries } from "./scripts/settle-entries.ts";
import { cleanupOf } from "./state/link-state.ts";
import { copyFields, type RedisDelivery } from "./wire.ts";

/** With more batches of acks in flight than this, `settle` waits for one of them. */
const MAX_ACKS_IN_FLIGHT = 4;

const NO_REJECT: core.SettleFailure = refused(unsupported("Redis has no dead-lettering of its own"));

/** A settlement that puts a copy into another stream. */
type Copying = Extract<core.Settlement, { readonly headers: unknown }>;

/** Deliveries of one stream that are settled in one script. */
interface Group {
  readonly action: SettleAction;
  /** Whether the filter has kept them back. */
  readonly filtered: boolean;
  readonly streamIndex: number;
  readonly deliveries: RedisDelivery[];
  /** The indexes of the deliveries in the call that they came with. */
  readonly indexes: number[];
}

/** Settles the deliveries of one consumer, and renews their leases. */
export class Settler {
  readonly #consumer: Consumer;
  readonly #acks: BackgroundAcks;
  readonly #onAckRefused: (error: unknown) => void;

  /** `onAckRefused` is called when an ack fails that `settle` reported as done. */
  constructor(consumer: Consumer, onAckRefused: (error: unknown) => void) {
    this.#consumer = consumer;
    this.#onAckRefused = onAckRefused;
    this.#acks = new BackgroundAcks(MAX_ACKS_IN_FLIGHT, onAckRefused);
  }

  /** `Source.settle`. An ack that surely arrives in time is reported as done before Redis has it. */
  settle(
    batch: readonly core.Settlement[],
    signal: AbortSignal,
  ): readonly core.SettleResult[] | Promise<readonly core.SettleResult[]> {
    const results: core.SettleResult[] = Array.from({ length: batch.length });
    const work: Promise<unknown>[] = [];
    const groups: Group[] = [];
    const surelyHeldAfter = this.#consumer.state.leases.surelyHeldAfter();
    for (const [index, settlement] of batch.entries()) {
      if ("headers" in settlement) work.push(this.#move(settlement, index, results));
      else if (settlement.action === "reject") results[index] = NO_REJECT;
      else {
        const delivery = deliveryOf(settlement);
        const ack = delivery.heldUntil > surelyHeldAfter ? "ackUnchecked" : "ack";
        if (settlement.action === "release") addToGroup(groups, "release", false, delivery, index);
        else addToGroup(groups, ack, settlement.action === "ack" && settlement.filtered === true, delivery, index);
      }
    }
    for (const group of groups) {
      if (group.action === "ackUnchecked") this.#acks.add(this.#settleGroup(group, []));
      else work.push(this.#settleGroup(group, results));
    }
    const room = this.#acks.room();
    if (room !== undefined) work.push(room);
    return work.length === 0 ? results : orAborted(Promise.all(work), signal).then(() => results);
  }

  /** `Source.extend`. */
  extend(deliveries: readonly RedisDelivery[], signal: AbortSignal): Promise<readonly (number | undefined)[]> {
    return this.#consumer.state.leases.extend(deliveries, async () => {
      const results: core.SettleResult[] = Array.from({ length: deliveries.length });
      const groups: Group[] = [];
      for (const [index, delivery] of deliveries.entries()) addToGroup(groups, "extend", false, delivery, index);
      await orAborted(Promise.all(groups.map((group) => this.#settleGroup(group, results))), signal);
      return results;
    });
  }

  /** Resolves when Redis has replied to all acks that were reported as done. Never rejects. */
  flush(): Promise<void> {
    return this.#acks.flush();
  }

  /** Does to the deliveries of a group what needs no copy, and writes the failures to `results`. Never rejects. */
  async #settleGroup(
    { action, filtered, streamIndex, deliveries, indexes }: Group,
    results: core.SettleResult[],
  ): Promise<readonly core.SettleResult[]> {
    const { state, name, keys, filter } = this.#consumer;
    const stream = streamAt(this.#consumer, streamIndex);
    try {
      const lost = await settleEntries(state.connection, {
        stream: stream.stream,
        group: stream.group,
        consumer: name,
        action,
        cleanup: cleanupOf(state, stream),
        deliveries,
        filter: filtered && filter !== undefined ? { key: keys.filter, text: filter } : undefined,
      });
      if (lost === null) throw this.#filterChanged();
      for (const at of lost) results[indexes[at] ?? -1] = LEASE_LOST;
    } catch (error) {
      for (const index of indexes) results[index] = settleFailureOf(error);
    }
    return results;
  }

  /** Ends the source, so that it opens again with the filter that is stored now. Returns the error. */
  #filterChanged(): core.BrokerError {
    const error = unavailable("the filter of the subscription has changed");
    this.#onAckRefused(error);
    return error;
  }

  /** Adds a copy to the return queue or the dead letters and acks the original, in one step. */
  async #move(settlement: Copying, index: number, results: core.SettleResult[]): Promise<void> {
    const { state, keys, name } = this.#consumer;
    const delivery = deliveryOf(settlement);
    const stream = streamAt(this.#consumer, delivery.streamIndex);
    const returnStream = keys.returnStream(delivery.key);
    const delay = settlement.action === "retry" ? Math.ceil(settlement.delay) : 0;
    let target = keys.deadLetters;
    let targetKind: TargetKind = state.context.topology === "create" ? "newStream" : "stream";
    if (settlement.action === "retry") {
      target = delay > 0 ? returnStream.delayed : returnStream.stream;
      targetKind = delay > 0 ? "delayed" : "stream";
    }
    const fields = copyFields(delivery.native, settlement.headers);
    try {
      const outcome = await moveEntry(state.connection, {
        stream: stream.stream,
        group: stream.group,
        consumer: name,
        id: delivery.native.id,
        cleanup: cleanupOf(state, stream),
        target,
        targetKind,
        delay,
        fields,
      });
      if (delay > 0) state.delayTimers.schedule(returnStream, delay);
      if (outcome === "not held") results[index] = LEASE_LOST;
      if (outcome === "no target") results[index] = refused(notFound(`there is no stream ${target}`));
    } catch (error) {
      results[index] = settleFailureOf(error);
    }
  }
}

function deliveryOf({ delivery }: core.Settlement): RedisDelivery {
  // The cast is true: the core settles what this source has handed out.
  return delivery as RedisDelivery;
}

function addToGroup(
  groups: Group[],
  action: SettleAction,
  filtered: boolean,
  delivery: RedisDelivery,
  index: number,
): void {
  const { streamIndex } = delivery;
  const group = groups.find(
    (one) => one.streamIndex === streamIndex && one.action === action && one.filtered === filtered,
  );
  if (group === undefined) {
    groups.push({ action, filtered, streamIndex, deliveries: [delivery], indexes: [index] });
  } else {
    group.deliveries.push(delivery);
    group.indexes.push(index);
  }
}
