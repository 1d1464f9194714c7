import type * as core from "@anybroker/core/driver";
import type { Connection } from "./connection.ts";
import type { Settings } from "./options.ts";
import type { Publisher } from "./publisher.ts";

/** One life of the connection: what is known in it, and ends with it. */
export interface Life {
  readonly settings: Settings;
  readonly context: core.LinkContext;
  readonly naming: core.Naming;
  readonly publishing: Connection;
  /** Also for all that is asked: an alarm would block it on the other. */
  readonly consuming: Connection;
  /** For each topic, since a missing exchange closes the channel it was published on; under `""` for all queues. */
  readonly publishers: Map<string, Promise<Publisher>>;
  /** Steps of ladders that are there, or on their way. */
  readonly steps: Map<string, Promise<unknown>>;
  /** Queues that are known to have all our arguments, so that the broker dead-letters what they reject. */
  readonly exact: Set<string>;
  /** When queues were seen to have gone (milliseconds since 1970). */
  readonly gone: Map<string, number>;
  /** The end of the last look at the dead letters of a queue. */
  readonly looks: Map<string, Promise<unknown>>;
}
