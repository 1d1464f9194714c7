import { EventEmitter, once } from "node:events";
import * as core from "@anybroker/core/driver";

/** A broker as simple as can be: a list for each queue and subscription. */
export class Shelf {
  readonly lists = new Map<string, core.Delivery[]>();
  readonly topics = new Map<string, Set<string>>();
  readonly arrivals: EventEmitter = new EventEmitter().setMaxListeners(0);
}

/** What it can do. From this literal follow the types of the users' options. */
const capabilities = {
  "delay.send": "none",
  "delay.publish": "none",
  retryDelay: "native",
  ttl: "emulated",
  priority: "none",
  filter: "emulated",
  from: "none",
  ephemeral: "none",
  "deadLetters.list": "none",
  "deadLetters.count": "native",
  "deadLetters.select": "none",
  stats: "native",
  ordering: "none",
  sendOrder: "strict",
  limits: {
    body: 1_048_576,
    headers: 64,
    headerBytes: 32_768,
    headerValue: 8_192,
    delay: 0,
    publishDelay: 0,
    delayResolution: 20,
    nameMin: 1,
    nameMax: 100,
  },
} as const;

/** A driver of a shelf. It holds options; each `connect` opens one life of the connection. */
export function shelf(server: Shelf): core.Driver<typeof capabilities, Shelf> {
  return {
    contract: core.CONTRACT,
    name: "shelf",
    address: "shelf:",
    capabilities,
    connect: async ({ clock }) => new ShelfLink(server, clock),
    classify: (error) =>
      error instanceof Missing
        ? { code: "NOT_FOUND", retryable: false }
        : { code: "UNAVAILABLE", retryable: error instanceof Gone },
  };
}

class Missing extends Error {}
class Gone extends Error {}

class ShelfLink implements core.Link<Shelf> {
  readonly server: core.ServerInfo = { product: "shelf", version: "1", capabilities: {} };
  readonly window = { messages: 1_000, bytes: 16_777_216 };
  readonly native: Shelf;
  readonly clock: core.Clock;
  readonly lost: Promise<unknown>;
  readonly ending = new AbortController();

  constructor(native: Shelf, clock: core.Clock) {
    this.native = native;
    this.clock = clock;
    this.lost = once(this.ending.signal, "abort").then(() => this.ending.signal.reason);
  }

  async declare(entities: readonly core.Entity[], mode: "create" | "verify"): Promise<readonly core.Drift[]> {
    for (const entity of entities) {
      if (mode === "verify") this.find(entity);
      else if (entity.kind === "topic") add(this.native.topics, entity.name, new Set());
      else for (const name of [nameOf(entity), deadOf(entity)]) add(this.native.lists, name, []);
      if (entity.kind === "subscription") this.native.topics.get(entity.topic.name)?.add(nameOf(entity));
    }
    return [];
  }

  async send(to: core.Destination, batch: readonly core.OutgoingMessage[], report: core.Report): Promise<void> {
    this.ending.signal.throwIfAborted();
    for (const [index, message] of batch.entries()) {
      try {
        for (const name of this.find(to)) this.put(name, toDelivery(message, `${name}/${message.id}`));
        report(index);
      } catch (error) {
        report(index, { error, outcomeUnknown: false });
      }
    }
  }

  async open(entity: core.SourceEntity): Promise<core.Source> {
    this.ending.signal.throwIfAborted();
    this.find(entity);
    return new ShelfSource(this, entity);
  }

  async stats(entity: core.SourceEntity): Promise<core.Stats> {
    const [ready, dead] = [nameOf(entity), deadOf(entity)].map((name) => this.native.lists.get(name)?.length);
    return { ready, dead, delayed: undefined, inFlight: undefined };
  }

  deadLetters(entity: core.SourceEntity): core.DeadLetterStore {
    const dead = (): core.Delivery[] => this.native.lists.get(deadOf(entity)) ?? [];
    return {
      count: async () => dead().length,
      // Never asked for: the capability denies it, and a choice by id too.
      list: () => Promise.reject(new Error("not supported")),
      replay: async (_all, changes) => {
        const taken = dead().splice(0);
        for (const one of taken) this.put(nameOf(entity), withHeaders(one, changes));
        return taken.length;
      },
      remove: async () => dead().splice(0).length,
    };
  }

  async health(): Promise<core.LinkHealth> {
    return { degraded: undefined, details: {} };
  }

  async close(): Promise<void> {
    this.ending.abort(new Gone("the link was closed"));
  }

  /** The lists that an entity stands for. */
  find(entity: core.Entity): Iterable<string> {
    const { lists, topics } = this.native;
    const subscriptions = entity.kind === "topic" ? topics.get(entity.name) : undefined;
    if (subscriptions !== undefined) return subscriptions;
    if (entity.kind !== "topic" && lists.has(nameOf(entity))) return [nameOf(entity)];
    throw new Missing(`there is no ${entity.kind} ${entity.name}`);
  }

  put(name: string, delivery: core.Delivery, first = false): void {
    this.native.lists.get(name)?.[first ? "unshift" : "push"](delivery);
    this.native.arrivals.emit("message");
  }
}

class ShelfSource implements core.Source {
  readonly lost: Promise<unknown>;
  /** A retry can come back to this queue or subscription alone. */
  readonly returns = true;
  readonly #link: ShelfLink;
  readonly #entity: core.SourceEntity;
  readonly #ending = new AbortController();
  readonly #held = new Set<core.Delivery>();
  #paused = false;

  constructor(link: ShelfLink, entity: core.SourceEntity) {
    this.#link = link;
    this.#entity = entity;
    this.lost = once(this.#ending.signal, "abort").then(() => this.#ending.signal.reason);
    // When the link ends, what is not settled goes to somebody else, and counts as handed over.
    link.ending.signal.addEventListener("abort", () => this.#end(link.ending.signal.reason), { once: true });
  }

  async receive(max: number, signal: AbortSignal): Promise<readonly core.Delivery[]> {
    const list = this.#link.native.lists.get(nameOf(this.#entity));
    if (list === undefined) this.#end(new Missing(`${nameOf(this.#entity)} is gone`));
    const stop = AbortSignal.any([signal, this.#ending.signal, AbortSignal.timeout(1_000)]);
    if (this.#paused || list?.length === 0)
      await once(this.#link.native.arrivals, "message", { signal: stop }).catch(() => {});
    const taken = this.#paused || stop.aborted ? [] : (list?.splice(0, max) ?? []);
    for (const delivery of taken) this.#held.add(delivery);
    return taken;
  }

  settle(batch: readonly core.Settlement[]): readonly core.SettleResult[] {
    return batch.map((settlement): core.SettleResult => {
      const { action, delivery } = settlement;
      if (!this.#held.delete(delivery)) return { error: new Gone("it is not held any more"), lost: true };
      const { clock } = this.#link;
      const copy = (): core.Delivery => withHeaders(delivery, "headers" in settlement ? settlement.headers : {});
      if (action === "release") this.#link.put(nameOf(this.#entity), delivery, true);
      if (action === "retry") clock.after(settlement.delay, () => this.#link.put(nameOf(this.#entity), copy()));
      if (action === "deadLetter" || action === "reject") this.#link.put(deadOf(this.#entity), copy());
      return undefined;
    });
  }

  async pause(): Promise<void> {
    this.#paused = true;
  }

  async resume(): Promise<void> {
    this.#paused = false;
    this.#link.native.arrivals.emit("message");
  }

  async close(): Promise<void> {
    this.#end(new Gone("the source was closed"));
  }

  #end(reason: unknown): void {
    this.#ending.abort(reason);
    for (const held of this.#held) {
      this.#link.put(nameOf(this.#entity), { ...held, deliveries: (held.deliveries ?? 0) + 1 }, true);
    }
    this.#held.clear();
  }
}

/** A copy in, so that nobody can change what is kept. */
function toDelivery(message: core.OutgoingMessage, position: string): core.Delivery {
  const body = message.body.slice();
  return { ...message, body, position, deliveries: 0, leaseUntil: undefined, native: message };
}

/** A copy that begins anew, with changed headers. */
function withHeaders(delivery: core.Delivery, changes: core.HeaderChanges): core.Delivery {
  return { ...delivery, headers: core.changeHeaders(delivery.headers, changes), deliveries: 0 };
}

function nameOf(entity: core.SourceEntity): string {
  return entity.kind === "queue" ? entity.name : `${entity.topic.name}.sub.${entity.name}`;
}

function deadOf(entity: core.SourceEntity): string {
  return `${nameOf(entity)}.dlq`;
}

function add<T>(map: Map<string, T>, key: string, value: T): void {
  if (!map.has(key)) map.set(key, value);
}
