import type * as core from "@anybroker/core/driver";
import type { Connection } from "../connection.ts";
import type { Settings } from "../options.ts";
import type { Publishers } from "../publishing/publishers.ts";

/** The state of a link. It ends with the link. */
export interface LinkState {
  readonly settings: Settings;
  readonly context: core.LinkContext;
  readonly naming: core.Naming;
  /** The server that the link is connected to. */
  readonly host: core.Host;
  readonly publishing: Connection;
  /** For consuming, and for all requests too: a resource alarm would block them on the other connection. */
  readonly consuming: Connection;
  readonly publishers: Publishers;
  /** Delay steps that exist or are being created, by name. */
  readonly delaySteps: core.PromiseCache<string, unknown>;
  /** By queue, whether all steps of its delay ladder exist. Asked only where the driver may not create them. */
  readonly ladders: core.PromiseCache<string, boolean>;
  /** Queues whose arguments are known to be the driver's, so that the server dead-letters what they reject. */
  readonly matchingQueues: Set<string>;
  /** The queues of subscriptions whose stored filter is another than the one that this program asks for. */
  readonly otherFilters: Set<string>;
  /** When queues and exchanges were last found missing (milliseconds since 1970), by name. */
  readonly missingAt: Map<string, number>;
  /** Looking at the dead letters of a queue takes all of them, so only one call at a time does it. */
  readonly deadLetterTurns: core.Turns<string>;
}
