import type { RedisDelivery } from "../wire.ts";

/** How often to look for entries that other consumers have lost, and how long a read blocks at most, in ms. */
export const LOOK_INTERVAL = 500;

/** Reads the next deliveries of a consumer. */
export interface Reader {
  /**
   * At most `max` deliveries, as soon as there is one; none after {@link LOOK_INTERVAL}. Never called twice at once.
   */
  read(max: number): Promise<readonly RedisDelivery[]>;
  /** Nothing is read until `resume`. Partitions of which nothing is held go to other consumers. */
  pause(): Promise<void>;
  resume(): Promise<void>;
}
