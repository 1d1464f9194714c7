import type { AssignedPartitions } from "./assigned-partitions.ts";
import type { HeldDelivery, PartitionLog } from "./partition-log.ts";

export interface PickResult {
  readonly deliveries: readonly HeldDelivery[];
  /** Partitions of which nothing may be delivered before this program is noted as their owner. */
  readonly unmarked: readonly PartitionLog[];
}

/** Picks the deliveries that `receive` returns next: messages that are due, from the partitions in turn. */
export class DeliveryPicker {
  readonly #partitions: AssignedPartitions;
  /** Whether crashes leave evidence. Without a group there is nothing to keep it with. */
  readonly #keepsEvidence: boolean;
  #turn = 0;

  constructor(partitions: AssignedPartitions, keepsEvidence: boolean) {
    this.#partitions = partitions;
    this.#keepsEvidence = keepsEvidence;
  }

  /** Picks at most `max` deliveries. */
  pick(max: number, now: number): PickResult {
    const deliveries: HeldDelivery[] = [];
    const unmarked: PartitionLog[] = [];
    const logs = this.#partitions.all;
    for (let withoutDelivery = 0; withoutDelivery < logs.length && deliveries.length < max; ) {
      const log = logs[this.#turn++ % logs.length];
      withoutDelivery += 1;
      const due = log?.nextDue;
      if (log === undefined || due === undefined || due > now) continue;
      if (this.#keepsEvidence && !log.evidence.isMarked) {
        if (!log.evidence.isMarking) unmarked.push(log);
        continue;
      }
      const delivery = log.take();
      if (delivery === undefined) continue;
      deliveries.push(delivery);
      withoutDelivery = 0;
    }
    return { deliveries, unmarked };
  }
}
