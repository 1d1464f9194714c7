import type { Naming } from "@anybroker/core/driver";
import type { Connection } from "../broker/connection.ts";

/** The state of a link. It ends with the link. */
export interface LinkState {
  readonly connection: Connection;
  readonly naming: Naming;
  /** In milliseconds. */
  readonly lease: number;
}
