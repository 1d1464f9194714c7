import { events } from "../api/diagnostics.ts";
import { BrokerError } from "../base/errors.ts";
import type { Entity } from "../contract/entities.ts";
import { describeEntity } from "../contract/entities.ts";
import type { Link } from "../contract/link.ts";
import type { Connection } from "./connection.ts";

/** A declaration may take this long, in milliseconds. */
const TIMEOUT = 30_000;

/** Makes sure, once in each life of the connection, that an entity exists before it is used. */
export class Declarations {
  readonly #connection: Connection;
  readonly #lives = new WeakMap<Link, Map<string, Promise<void> | "done">>();

  constructor(connection: Connection) {
    this.#connection = connection;
  }

  /** Undefined when it is known to be there; else a promise of it, which rejects with a `BrokerError`. */
  ensure(link: Link, entity: Entity): Promise<void> | undefined {
    const mode = this.#connection.context.topology;
    if (mode === "none") return undefined;
    const known = this.#life(link);
    const key = describeEntity(entity);
    const state = known.get(key);
    if (state === "done") return undefined;
    if (state !== undefined) return state;
    const declaring = this.#declare(link, entity, mode).then(
      () => void known.set(key, "done"),
      (error: unknown) => {
        known.delete(key);
        throw this.#connection.wrap(error, `declaring ${describeEntity(entity)}`);
      },
    );
    known.set(key, declaring);
    return declaring;
  }

  /** It turned out to be missing: the next `ensure` declares it again. */
  forget(entity: Entity): void {
    const link = this.#connection.link;
    if (link === undefined) return;
    this.#life(link).delete(describeEntity(entity));
    if (entity.kind === "subscription") this.#life(link).delete(describeEntity(entity.topic));
  }

  /** Whether the error says that the entity has gone and may be declared again: then the next `ensure` does so. */
  gone(entity: Entity, error: BrokerError): boolean {
    if (error.code !== "NOT_FOUND" || this.#connection.context.topology !== "create") return false;
    this.forget(entity);
    return true;
  }

  async #declare(link: Link, entity: Entity, mode: "create" | "verify"): Promise<void> {
    const entities = entity.kind !== "subscription" ? [entity] : [entity.topic, ...(entity.durable ? [entity] : [])];
    const limit = AbortSignal.timeout(TIMEOUT);
    const drifts = await this.#connection.within(link, link.declare(entities, mode, limit), limit);
    for (const drift of drifts) events.drift(drift);
    const [first] = drifts;
    if (mode !== "verify" || first === undefined) return;
    throw new BrokerError(
      "DRIFT",
      `${describeEntity(first.entity)} exists with another ${first.property}: expected ${first.expected}, found ${first.found}`,
    );
  }

  #life(link: Link): Map<string, Promise<void> | "done"> {
    const known = this.#lives.get(link) ?? new Map<string, Promise<void> | "done">();
    this.#lives.set(link, known);
    return known;
  }
}
