import type { Entity } from "@anybroker/core/driver";
import type { LinkState } from "./state/link-state.ts";

/** `Link.remove`. */
export function remove({ connection, naming }: LinkState, entities: readonly Entity[]): void {
  connection.check();
  for (const entity of entities) {
    connection.instance.delete(
      entity.kind,
      entity.kind === "topic" ? naming.topic(entity.name) : naming.source(entity),
    );
  }
}
