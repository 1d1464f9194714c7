import type * as core from "@anybroker/core/driver";
import type { Connection } from "../connection.ts";
import type { Settings } from "../options.ts";
import type { Publishers } from "../publishing/publishers.ts";

/** One life of the connection: what is known in it, and ends with it. */
export interface LinkState {
  readonly settings: Settings;
  readonly context: core.LinkContext;
  /** The server that it is connected to. */
  readonly host: core.Host;
  readonly naming: core.Naming;
  readonly publishing: Connection;
  /** Also for all that is asked: an alarm would block it on the other. */
  readonly consuming: Connection;
  readonly publishers: Publishers;
  /** Steps of ladders that are there, or on their way. */
  readonly steps: Map<string, Promise<unknown>>;
  /** Queues that are known to have all our arguments, so that the broker dead-letters what they reject. */
  readonly exact: Set<string>;
  /** When queues were seen to have gone (milliseconds since 1970). */
  readonly gone: Map<string, number>;
  /** The end of the last look at the dead letters of a queue. */
  readonly looks: Map<string, Promise<unknown>>;
}
