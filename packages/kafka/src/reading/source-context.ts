import type { Cluster } from "../cluster/cluster.ts";
import type { Session } from "../cluster/session.ts";
import type { AssignedPartitions } from "./assigned-partitions.ts";
import type { Wakeup } from "./wakeup.ts";

/** Shared state of the parts of one source. */
export interface SourceContext {
  /** The source's own connections: a request that waits for the group or for records does not delay other sources. */
  readonly session: Session;
  readonly cluster: Cluster;
  readonly partitions: AssignedPartitions;
  readonly wakeup: Wakeup;
  /** The topic of a subscription. The server deletes its old records by age. Records that were read before that are still delivered. */
  readonly retained: string | undefined;
  /** Aborts when the source ends. */
  readonly ended: AbortSignal;
  /** Ends the source. Has no effect after its end. */
  readonly fail: (error: unknown) => void;
}
