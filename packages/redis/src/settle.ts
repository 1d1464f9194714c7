import type * as core from "@anybroker/core/driver";
import { BrokerError, orAborted } from "@anybroker/core/driver";
import { notFound, settleFailureOf } from "./errors.ts";
import { type Consumer, streamAt } from "./reading/consumer.ts";
import { moveEntry, type TargetKind } from "./scripts/move-entry.ts";
import { type SettleAction, settleEntries } from "./scripts/settle-entries.ts";
import { cleanupOf } from "./state/link-state.ts";
import { copyFields, type RedisDelivery } from "./wire.ts";

/** With more batches of acks in flight than this, `settle` waits for one of them. */
const MAX_ACKS_IN_FLIGHT = 4;

/** A settlement that puts a copy into another stream. */
type Copying = Extract<core.Settlement, { readonly headers: unknown }>;

/** Settlements of one batch that go in one script. */
interface Group {
  readonly action: SettleAction;
  readonly streamIndex: number;
  readonly indexes: number[];
}

/** Settles the deliveries of one consumer. */
export class Settler {
  readonly #consumer: Consumer;
  readonly #onAckRefused: (error: unknown) => void;
  readonly #acksInFlight = new Set<Promise<void>>();

  /** `onAckRefused` is called when an ack fails that `settle` reported as done. */
  constructor(consumer: Consumer, onAckRefused: (error: unknown) => void) {
    this.#consumer = consumer;
    this.#onAckRefused = onAckRefused;
  }

  /** `Source.settle`. */
  settle(
    batch: readonly core.Settlement[],
    signal: AbortSignal,
  ): readonly core.SettleResult[] | Promise<readonly core.SettleResult[]> {
    const results: core.SettleResult[] = Array.from({ length: batch.length });
    const work: Promise<void>[] = [];
    const groups: Group[] = [];
    const { clock, lease } = this.#consumer.state.context;
    // With a quarter of the lease left no other consumer can have the entry: the ack is reported before Redis has it.
    const certainlyHeld = clock.now() + lease / 4;
    for (const [index, settlement] of batch.entries()) {
      if ("headers" in settlement) work.push(this.#move(settlement, index, results));
      else if (settlement.action === "reject") results[index] = NO_REJECT;
      else {
        const { heldUntil, streamIndex } = deliveryOf(settlement);
        const ack = heldUntil > certainlyHeld ? "ackUnchecked" : "ack";
        const action = settlement.action === "release" ? "release" : ack;
        const group = groups.find((one) => one.streamIndex === streamIndex && one.action === action);
        if (group === undefined) groups.push({ action, streamIndex, indexes: [index] });
        else group.indexes.push(index);
      }
    }
    for (const group of groups) {
      if (group.action === "ackUnchecked") this.#ackInBackground(group, batch);
      else work.push(this.#settleGroup(group, batch, results));
    }
    if (this.#acksInFlight.size > MAX_ACKS_IN_FLIGHT) work.push(Promise.race(this.#acksInFlight));
    return work.length === 0 ? results : orAborted(Promise.all(work), signal).then(() => results);
  }

  /** Resolves when Redis has replied to all acks. Never rejects. */
  async flush(): Promise<void> {
    await Promise.all(this.#acksInFlight);
  }

  #ackInBackground(group: Group, batch: readonly core.Settlement[]): void {
    const results: core.SettleResult[] = [];
    const acking = this.#settleGroup(group, batch, results).then(() => {
      this.#acksInFlight.delete(acking);
      const refused = results.find((result) => result !== undefined);
      if (refused !== undefined) this.#onAckRefused(refused.error);
    });
    this.#acksInFlight.add(acking);
  }

  /** Acks or releases deliveries of one stream. */
  async #settleGroup(
    { action, streamIndex, indexes }: Group,
    batch: readonly core.Settlement[],
    results: core.SettleResult[],
  ): Promise<void> {
    const { state, name } = this.#consumer;
    const stream = streamAt(this.#consumer, streamIndex);
    try {
      const lost = await settleEntries(state.connection, {
        stream: stream.stream,
        group: stream.group,
        consumer: name,
        action,
        cleanup: cleanupOf(state, stream),
        deliveries: indexes.map((index) => deliveryOf(batch[index])),
      });
      for (const at of lost) results[indexes[at] ?? -1] = LEASE_LOST;
    } catch (error) {
      for (const index of indexes) results[index] = settleFailureOf(error);
    }
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
      if (outcome === "no target") results[index] = { error: notFound(`stream ${target}`), lost: false };
    } catch (error) {
      results[index] = settleFailureOf(error);
    }
  }
}

function deliveryOf(settlement: core.Settlement | undefined): RedisDelivery {
  // The cast is true: the core settles what this source has handed out.
  return settlement?.delivery as RedisDelivery;
}

const LEASE_LOST: core.SettleFailure = {
  error: new BrokerError("LEASE_LOST", "another consumer has the delivery, or it was settled before"),
  lost: true,
};

const NO_REJECT: core.SettleFailure = {
  error: new BrokerError("UNSUPPORTED", "Redis has no dead-lettering of its own"),
  lost: false,
};
