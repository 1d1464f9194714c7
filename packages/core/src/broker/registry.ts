import { show } from "../base/check.ts";
import type { Entity } from "../contract/entities.ts";
import { canonicalName } from "./names.ts";

/**
 * The queues and topics that one broker object has handles of. Refuses what could not exist side by side on every
 * backend: one name for both, names that differ only in case or in `.` against `_`, one entity stored in two ways.
 */
export class Registry {
  readonly #known = new Map<string, Entity>();

  /** Answers the entity; throws a `TypeError` when it conflicts with one that is known. */
  add<E extends Entity>(entity: E): E {
    const place = entity.kind === "subscription" ? `${entity.topic.name}/${entity.name}` : entity.name;
    const known = this.#known.get(canonicalName(place));
    if (known === undefined) {
      this.#known.set(canonicalName(place), entity);
      return entity;
    }
    if (known.kind !== entity.kind || known.name !== entity.name) {
      throw new TypeError(
        `${entity.kind} ${show(entity.name)} and ${known.kind} ${show(known.name)} cannot both exist: ` +
          "names must differ in more than case, or '.' against '_'",
      );
    }
    if (JSON.stringify(known) !== JSON.stringify(entity)) {
      throw new TypeError(
        `${entity.kind} ${show(entity.name)} is already in use here with other options: ${JSON.stringify(known)}`,
      );
    }
    return entity;
  }
}
