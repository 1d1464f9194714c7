import type * as core from "@anybroker/core/driver";
import type { Connection } from "../connection.ts";
import type { Settings } from "../options.ts";
import type { Cleanup } from "../scripts/lua/acknowledge.ts";
import type { SourceStream } from "../topology.ts";
import type { RedisDelivery } from "../wire.ts";
import type { DelayTimers } from "./delay-timers.ts";
import type { LivingConsumers } from "./living-consumers.ts";
import type { PartitionCounts } from "./partition-counts.ts";
import type { TopicTrimmer } from "./topic-trimmer.ts";

/** The state of one connection. It ends with the connection. */
export interface LinkState {
  readonly settings: Settings;
  readonly context: core.LinkContext;
  readonly connection: Connection;
  /** Opens another connection to the same server, with a name of its own: for reads that block. */
  readonly openConnection: (signal: AbortSignal, name: string) => Promise<Connection>;
  readonly consumers: LivingConsumers;
  readonly partitionCounts: PartitionCounts;
  readonly delayTimers: DelayTimers;
  readonly topicTrimmer: TopicTrimmer;
  readonly leases: core.LeaseBook<RedisDelivery>;
  /** How acked entries are deleted on this server from streams that only our group reads. */
  readonly cleanup: Exclude<Cleanup, "keep">;
}

/** The way to remove the acked entries of this stream. */
export function cleanupOf(state: LinkState, stream: SourceStream): Cleanup {
  return stream.exclusive ? state.cleanup : "keep";
}
