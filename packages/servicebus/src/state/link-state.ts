import type * as core from "@anybroker/core/driver";
import type { Connection } from "../connection.ts";
import type { Settings } from "../options.ts";
import type { Senders } from "../sending/senders.ts";
import type { Names, SourcePlace } from "../topology.ts";

/** The state of one connection. It ends with the connection. */
export interface LinkState {
  readonly settings: Settings;
  readonly context: core.LinkContext;
  readonly connection: Connection;
  readonly names: Names;
  readonly senders: Senders;
  /** Where the messages of subscriptions are, by the name of the queue that would be ours. */
  readonly places: core.PromiseCache<string, SourcePlace>;
  /** The partitioned entities, as far as they are known. They take one session in each batch. */
  readonly partitioned: Set<string>;
  /** Called when the link ends: each gives back what a source still holds, within the time of the signal. */
  readonly givesBack: Set<() => Promise<void>>;
}
