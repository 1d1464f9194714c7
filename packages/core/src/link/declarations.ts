import { events } from "../api/diagnostics.ts";
import { BrokerError, reasonOf } from "../base/errors.ts";
import { withTimeLimit } from "../base/time-limit.ts";
import { type Drift, describeEntity, type Entity } from "../contract/entities.ts";
import type { DeclareMode, Link } from "../contract/link.ts";
import type { Connection } from "./connection.ts";

/** How long a declaration may take, in ms. */
const TIMEOUT = 30_000;

/** Declares each entity before its first use on a link, once for each link. */
export class Declarations {
  readonly #connection: Connection;
  readonly #states = new WeakMap<Link, Map<string, Promise<void> | "done">>();

  constructor(connection: Connection) {
    this.#connection = connection;
  }

  /**
   * Declares the entity unless it is declared on this link. Returns undefined if there is nothing to wait for, else a
   * promise that rejects with a `BrokerError` if the declaration fails.
   */
  ensure(link: Link, entity: Entity): Promise<void> | undefined {
    const mode = this.#connection.context.topology;
    if (mode === "none") return undefined;
    const states = this.#statesOn(link);
    const key = describeEntity(entity);
    const state = states.get(key);
    if (state === "done") return undefined;
    return state ?? this.#start(link, entity, mode);
  }

  /** Declares the entity as `broker.declare` does: what is stored of it is changed to what is asked for, if it can be. */
  apply(link: Link, entity: Entity): Promise<void> | undefined {
    const mode = this.#connection.context.topology;
    // Only a subscription has anything that can be changed.
    if (mode !== "create" || entity.kind !== "subscription") return this.ensure(link, entity);
    return this.#start(link, entity, "apply");
  }

  #start(link: Link, entity: Entity, mode: DeclareMode): Promise<void> {
    const states = this.#statesOn(link);
    const key = describeEntity(entity);
    const declaring = this.#declare(link, entity, mode).then(
      () => void states.set(key, "done"),
      (error: unknown) => {
        states.delete(key);
        const wrapped = this.#connection.wrap(error, `declaring ${describeEntity(entity)}`);
        throw mode === "verify" && wrapped.code === "NOT_FOUND" ? incomplete(entity, error) : wrapped;
      },
    );
    states.set(key, declaring);
    return declaring;
  }

  /** Makes the next `ensure` declare the entity again, and the subscriptions of a topic. */
  forget(entity: Entity): void {
    const link = this.#connection.link;
    if (link === undefined) return;
    const states = this.#statesOn(link);
    states.delete(describeEntity(entity));
    if (entity.kind === "subscription") states.delete(describeEntity(entity.topic));
    if (entity.kind !== "topic") return;
    const ofTopic = ` of ${describeEntity(entity)}`;
    for (const key of states.keys()) if (key.endsWith(ofTopic)) states.delete(key);
  }

  /**
   * Forgets the entity if the error says that it is missing and the core may create it again. Returns whether it did.
   */
  forgetIfMissing(entity: Entity, error: BrokerError): boolean {
    if (error.code !== "NOT_FOUND" || this.#connection.context.topology !== "create") return false;
    this.forget(entity);
    return true;
  }

  async #declare(link: Link, entity: Entity, mode: DeclareMode): Promise<void> {
    const entities = entity.kind !== "subscription" ? [entity] : [entity.topic, ...(entity.durable ? [entity] : [])];
    const drifts = await withTimeLimit(TIMEOUT, (limit) =>
      this.#connection.within(link, link.declare(entities, mode, limit), limit),
    );
    const { log } = this.#connection;
    if (drifts.length === 0) log.debug(`${mode === "verify" ? "verified" : "declared"} ${describeEntity(entity)}`);
    for (const drift of drifts) {
      events.drift({ broker: log.broker, ...drift });
      log.warn(describeDrift(drift), { ...drift });
    }
    const [first] = drifts;
    if (mode !== "verify" || first === undefined) return;
    throw new BrokerError("DRIFT", describeDrift(first));
  }

  #statesOn(link: Link): Map<string, Promise<void> | "done"> {
    const states = this.#states.get(link) ?? new Map<string, Promise<void> | "done">();
    this.#states.set(link, states);
    return states;
  }
}

/** The server may name another entity than the program does: one that belongs to it. */
function incomplete(entity: Entity, cause: unknown): BrokerError {
  const what = `${describeEntity(entity)} is missing or incomplete, and topology "verify" creates nothing`;
  return new BrokerError("NOT_FOUND", `${what}: ${reasonOf(cause)}`, { cause });
}

function describeDrift({ entity, property, expected, found }: Drift): string {
  return `${describeEntity(entity)} is not as declared; ${property}: expected ${expected}, found ${found}`;
}
