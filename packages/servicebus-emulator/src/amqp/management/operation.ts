import type { Claim } from "../../access/access.ts";
import type { Place } from "../../entities/namespace.ts";

/** A request to the management node of an entity. */
export interface ManagementRequest {
  readonly place: Place;
  readonly body: Readonly<Record<string, unknown>>;
}

/** What a management node can do. */
export interface Operation {
  /** One of these is enough. */
  readonly claims: readonly Claim[];
  /** Returns the body of the answer; undefined if there is nothing. Throws an error that is then the answer. */
  run(request: ManagementRequest): Readonly<Record<string, unknown>> | undefined;
}
