import type { Delivery, Settlement, SettleResult } from "@anybroker/core/driver";
import { refused } from "@anybroker/core/driver";
import type { Instance } from "./broker/instance.ts";
import { MemoryError } from "./broker/memory-error.ts";
import type { Entry } from "./broker/message.ts";
import type { QueueStore } from "./broker/queue-store.ts";
import type { MemoryDelivery } from "./wire.ts";

const NO_CHANGES = {};

/** The deliveries that a source holds, and the store that they came from. */
export interface HeldDeliveries {
  readonly instance: Instance;
  readonly store: QueueStore;
  /** In the order in which their leases end. */
  readonly deliveries: Map<Delivery, MemoryDelivery>;
}

/** Settles one of the deliveries, unless the fault hook says otherwise. */
export function settleOne({ instance, store, deliveries }: HeldDeliveries, settlement: Settlement): SettleResult {
  const held = deliveries.get(settlement.delivery);
  if (held === undefined) {
    return { error: new MemoryError("lease-lost", "the delivery is no longer held"), lost: true };
  }
  const { action } = settlement;
  const fault = instance.fault(() => ({ kind: "settle", source: store.shape.name, id: held.id, action }));
  if (fault === "refuse") return refused(new MemoryError("refused", `the fault hook refused: ${action}`));
  deliveries.delete(settlement.delivery);
  apply(settlement, store, held.entry);
  if (fault === undefined) return undefined;
  return { error: new MemoryError("unconfirmed", `the fault hook withheld the result: ${action}`), lost: true };
}

function apply(settlement: Settlement, store: QueueStore, entry: Entry): void {
  switch (settlement.action) {
    case "ack":
      return store.ack(entry);
    case "release":
      return store.release(entry);
    case "retry":
      return store.retry(entry, settlement.headers, settlement.delay);
    case "deadLetter":
      return store.deadLetter(entry, settlement.headers);
    case "reject":
      return store.deadLetter(entry, NO_CHANGES);
  }
}
