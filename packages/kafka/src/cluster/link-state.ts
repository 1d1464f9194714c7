import type * as core from "@anybroker/core/driver";
import type { Settings } from "../options.ts";
import type { Cluster } from "./cluster.ts";
import type { Session } from "./session.ts";
import type { Writer } from "./writer.ts";

/** Ids of members that could not leave their group, by group. They hold up each new member until they are removed. */
export type AbandonedMembers = Map<string, Set<string>>;

/** Settings that all connections of a driver share. */
export interface ProgramState {
  readonly abandonedMembers: AbandonedMembers;
  /** Names this program in what consumers note with their offsets: lower-case letters and digits. */
  readonly owner: string;
}

/** The state of one connection. It ends with the connection. */
export interface LinkState extends ProgramState {
  readonly settings: Settings;
  readonly context: core.LinkContext;
  readonly naming: core.Naming;
  readonly session: Session;
  readonly cluster: Cluster;
  readonly writer: Writer;
  /** Opens a further session, for one source. */
  readonly openSession: (signal: AbortSignal) => Promise<Session>;
}
