import type { Cluster } from "../cluster/cluster.ts";
import type { Session } from "../cluster/session.ts";
import type { AssignedPartitions } from "./assigned-partitions.ts";
import type { Wakeup } from "./wakeup.ts";

/** What the parts of one source share. */
export interface SourceContext {
  /** The source's own connections: a request that waits for its group or for records holds up no other source. */
  readonly session: Session;
  readonly cluster: Cluster;
  readonly partitions: AssignedPartitions;
  readonly wakeup: Wakeup;
  /** The topic of a subscription. Its old records go by age, and what was read of them is delivered all the same. */
  readonly retained: string | undefined;
  /** Aborts when the source ends. */
  readonly ended: AbortSignal;
  /** Ends the source. Has no effect after its end. */
  readonly fail: (error: unknown) => void;
}
