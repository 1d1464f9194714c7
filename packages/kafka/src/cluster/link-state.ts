import type * as core from "@anybroker/core/driver";
import type { Settings } from "../options.ts";
import type { Cluster } from "./metadata.ts";
import type { Session } from "./session.ts";
import type { Writer } from "./writer.ts";

/** One life of the connection: what is known in it, and ends with it. */
export interface LinkState {
  readonly settings: Settings;
  readonly context: core.LinkContext;
  readonly naming: core.Naming;
  readonly session: Session;
  readonly cluster: Cluster;
  readonly writer: Writer;
  /** Opens further sockets, for one source. */
  readonly open: (signal: AbortSignal) => Promise<Session>;
  /** Members that could not leave their group, by group: they hold up every one that joins until they are gone. */
  readonly strays: Map<string, Set<string>>;
}
