import { show } from "../base/check.ts";
import type { Entity } from "../contract/entities.ts";
import { canonicalName } from "./names.ts";

/**
 * The entities that the handles of a broker object stand for. Two of them conflict if they could not both exist on
 * every backend: a queue and a topic of one name, names that differ only in case or in `.` against `_`, and one entity
 * with different options.
 */
export class Registry {
  readonly #known = new Map<string, Entity>();

  /** Adds an entity and returns it. Throws a `TypeError` if it conflicts with an earlier one. */
  add<E extends Entity>(entity: E): E {
    const path = entity.kind === "subscription" ? `${entity.topic.name}/${entity.name}` : entity.name;
    const known = this.#known.get(canonicalName(path));
    if (known === undefined) {
      this.#known.set(canonicalName(path), entity);
      return entity;
    }
    if (known.kind !== entity.kind || known.name !== entity.name) {
      throw new TypeError(
        `${entity.kind} ${show(entity.name)} and ${known.kind} ${show(known.name)} cannot both exist: ` +
          "names must differ in more than case, or '.' against '_'",
      );
    }
    const differences = differencesOf(known, entity);
    if (differences.length > 0) {
      const what = `${entity.kind} ${show(entity.name)} is already in use here with other options`;
      throw new TypeError(`${what}: ${differences.join(", ")}`);
    }
    return entity;
  }
}

/** Each option that differs, with both values. */
function differencesOf(known: Entity, asked: Entity): readonly string[] {
  const before = new Map(Object.entries(optionsOf(known)));
  return Object.entries(optionsOf(asked)).flatMap(([option, value]) => {
    const [was, is] = [before.get(option), value].map((one) => JSON.stringify(one) ?? "none");
    return was === is ? [] : [`${option} was ${was} and is ${is}`];
  });
}

/** The options of the entity itself: those of its topic are compared with those of the topic. */
function optionsOf(entity: Entity): object {
  return entity.kind === "subscription" ? { ...entity, topic: undefined } : entity;
}
