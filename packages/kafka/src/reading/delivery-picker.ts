import type { AssignedPartitions } from "./assigned-partitions.ts";
import { SUSPECT_STARTS } from "./crash-evidence.ts";
import type { HeldDelivery, PartitionLog } from "./partition-log.ts";

/** A start marker to commit before more of a partition is delivered. */
export interface StartMarker {
  readonly log: PartitionLog;
  /** Offsets below it are covered. */
  readonly upTo: number;
}

export interface PickResult {
  readonly deliveries: readonly HeldDelivery[];
  readonly missingMarkers: readonly StartMarker[];
}

/** Picks the deliveries that `receive` returns next: messages that are due, from the partitions in turn. */
export class DeliveryPicker {
  readonly #partitions: AssignedPartitions;
  /** Whether crashes leave evidence. Without a group there is nothing to keep it with. */
  readonly #keepsEvidence: boolean;
  /** The most messages that the core holds. With one, a suspect cannot take others down with it. */
  window: number;
  #hasSeenSuspect = false;
  #turn = 0;

  constructor(partitions: AssignedPartitions, keepsEvidence: boolean, window: number) {
    this.#partitions = partitions;
    this.#keepsEvidence = keepsEvidence;
    this.window = window;
  }

  /** Picks at most `max` deliveries. Returns also the start markers that prevented more. */
  pick(max: number, now: number): PickResult {
    const deliveries: HeldDelivery[] = [];
    const missingMarkers: StartMarker[] = [];
    const logs = this.#partitions.all;
    const oneAtATime = this.window === 1;
    for (let withoutDelivery = 0; withoutDelivery < logs.length && deliveries.length < max; ) {
      const log = logs[this.#turn++ % logs.length];
      withoutDelivery += 1;
      const due = log?.nextDue;
      if (log === undefined || due === undefined || due > now) continue;
      if (this.#keepsEvidence) {
        const { evidence } = log;
        const upTo = evidence.neededMarker(log.firstUnsettled, oneAtATime, this.#hasSeenSuspect);
        if (!evidence.isMarked(upTo)) {
          if (!evidence.isMarking(upTo)) missingMarkers.push({ log, upTo });
          continue;
        }
      }
      const delivery = log.take();
      if (delivery === undefined) continue;
      this.#hasSeenSuspect ||= delivery.deliveries >= SUSPECT_STARTS;
      deliveries.push(delivery);
      withoutDelivery = 0;
    }
    // One at a time, only the message that is delivered next may be marked as started.
    if (oneAtATime) missingMarkers.splice(deliveries.length === 0 ? 1 : 0);
    return { deliveries, missingMarkers };
  }
}
