import { EventEmitter, once } from "node:events";
import * as core from "@anybroker/core/driver";

/** The server: in memory, with one list for each queue, each subscription and the dead letters of either. */
export class Shelf {
  readonly lists = new Map<string, core.Delivery[]>();
  /** The lists of the subscriptions of each topic. */
  readonly topics = new Map<string, Set<string>>();
  readonly arrivals: EventEmitter = new EventEmitter().setMaxListeners(0);
  #stored = 0;

  /** Stores a message that was sent, at a position that no other message has. */
  store(list: string, message: core.OutgoingMessage): void {
    this.#stored += 1;
    this.append(list, toDelivery(message, `${list}/${this.#stored}`));
  }

  append(list: string, delivery: core.Delivery): void {
    this.lists.get(list)?.push(delivery);
    this.arrivals.emit("message");
  }

  prepend(list: string, delivery: core.Delivery): void {
    this.lists.get(list)?.unshift(delivery);
    this.arrivals.emit("message");
  }
}

/** The capabilities of the server. The types of the users' options follow from this literal. */
const capabilities = {
  "delay.send": "none",
  "delay.publish": "none",
  "delay.cancel": "none",
  retryDelay: "native",
  ttl: "emulated",
  priority: "none",
  filter: "emulated",
  "filter.stored": "none",
  from: "none",
  ephemeral: "none",
  "deadLetters.list": "none",
  "deadLetters.count": "native",
  "deadLetters.select": "none",
  stats: "native",
  delete: "none",
  purge: "none",
  peek: "none",
  "publish.unrouted": "none",
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

type Literal = typeof capabilities;

/** The literal as a type with a name, which editors show instead of the literal. */
export interface ShelfCapabilities extends Literal {}

/** The driver holds options. Each call of `connect` opens a link, which is one connection. */
export function shelf(server: Shelf): core.Driver<ShelfCapabilities, Shelf> {
  return {
    contract: core.CONTRACT,
    name: "shelf",
    address: "shelf:",
    capabilities,
    connect: async ({ clock }) => new ShelfLink(server, clock),
    // The errors of a real client need rows here. Those of this driver say what they mean.
    classify: core.classifier([]),
  };
}

class ShelfLink implements core.Link<Shelf> {
  readonly server: core.ServerInfo = { product: "shelf", version: "1", capabilities: {} };
  readonly window = { messages: 1_000, bytes: 16_777_216 };
  readonly native: Shelf;
  readonly clock: core.Clock;
  readonly #ending = new core.Ending();
  readonly lost = this.#ending.lost;

  constructor(native: Shelf, clock: core.Clock) {
    this.native = native;
    this.clock = clock;
  }

  async declare(entities: readonly core.Entity[], mode: core.DeclareMode): Promise<readonly core.Drift[]> {
    for (const entity of entities) {
      if (mode === "verify") this.listsOf(entity);
      else if (entity.kind === "topic") addMissing(this.native.topics, entity.name, new Set());
      else for (const list of [listOf(entity), deadListOf(entity)]) addMissing(this.native.lists, list, []);
      if (entity.kind === "subscription") this.native.topics.get(entity.topic.name)?.add(listOf(entity));
    }
    return [];
  }

  async send(to: core.Destination, batch: readonly core.OutgoingMessage[], report: core.ReportOutcome): Promise<void> {
    if (this.#ending.over) throw core.unavailable("the link was closed");
    for (const [index, message] of batch.entries()) {
      try {
        for (const list of this.listsOf(to)) this.native.store(list, message);
        report(index);
      } catch (error) {
        report(index, { error, outcomeUnknown: false });
      }
    }
  }

  async open(entity: core.SourceEntity): Promise<core.Source> {
    if (this.#ending.over) throw core.unavailable("the link was closed");
    this.listsOf(entity);
    return new ShelfSource(this, entity);
  }

  async stats(entity: core.SourceEntity): Promise<core.Stats> {
    const [ready, dead] = [listOf(entity), deadListOf(entity)].map((list) => this.native.lists.get(list)?.length);
    return { ready, dead, delayed: undefined, inFlight: undefined };
  }

  deadLetters(entity: core.SourceEntity): core.DeadLetterStore {
    const dead = (): core.Delivery[] => this.native.lists.get(deadListOf(entity)) ?? [];
    return {
      count: async () => dead().length,
      // The core calls neither `list` nor a selection by id: the capabilities deny both.
      list: () => Promise.reject(new Error("not supported")),
      replay: async (_all, changes) => {
        const replayed = dead().splice(0);
        for (const one of replayed) this.native.append(listOf(entity), copyOf(one, changes));
        return replayed.length;
      },
      remove: async () => dead().splice(0).length,
    };
  }

  async health(): Promise<core.LinkHealth> {
    return { degraded: undefined, details: {} };
  }

  async close(): Promise<void> {
    this.#ending.end(core.unavailable("the link was closed"));
  }

  /** The lists that receive a message sent to the entity. Throws when the entity does not exist. */
  listsOf(entity: core.Entity): Iterable<string> {
    const { lists, topics } = this.native;
    const subscriptions = entity.kind === "topic" ? topics.get(entity.name) : undefined;
    if (subscriptions !== undefined) return subscriptions;
    if (entity.kind !== "topic" && lists.has(listOf(entity))) return [listOf(entity)];
    throw core.notFound(`there is no ${entity.kind} ${entity.name}`);
  }
}

class ShelfSource implements core.Source {
  /** A retry returns to this queue or subscription alone. */
  readonly returns = true;
  readonly #link: ShelfLink;
  readonly #list: string;
  readonly #deadList: string;
  readonly #ending = new core.Ending(() => this.#returnHeld());
  readonly lost = this.#ending.lost;
  readonly #held = new Set<core.Delivery>();
  #paused = false;

  constructor(link: ShelfLink, entity: core.SourceEntity) {
    this.#link = link;
    this.#list = listOf(entity);
    this.#deadList = deadListOf(entity);
    void link.lost.then(this.#ending.end);
  }

  async receive(max: number, signal: AbortSignal): Promise<readonly core.Delivery[]> {
    const { lists, arrivals } = this.#link.native;
    const list = lists.get(this.#list);
    if (list === undefined) this.#ending.end(core.notFound(`${this.#list} was deleted`));
    const stop = AbortSignal.any([signal, AbortSignal.timeout(1_000)]);
    if (this.#paused || list?.length === 0) await once(arrivals, "message", { signal: stop }).catch(() => {});
    if (this.#paused || this.#ending.over || stop.aborted) return [];
    const taken = list?.splice(0, max) ?? [];
    for (const delivery of taken) this.#held.add(delivery);
    return taken;
  }

  settle(batch: readonly core.Settlement[]): readonly core.SettleResult[] {
    return batch.map((settlement) => {
      if (!this.#held.delete(settlement.delivery)) return core.LEASE_LOST;
      this.#apply(settlement);
      return undefined;
    });
  }

  /** The position stays the same when the message is delivered again. */
  identify(delivery: core.Delivery): string {
    return delivery.position;
  }

  async pause(): Promise<void> {
    this.#paused = true;
  }

  async resume(): Promise<void> {
    this.#paused = false;
    this.#link.native.arrivals.emit("message");
  }

  async close(): Promise<void> {
    this.#ending.end(core.closed("the source was closed"));
  }

  #apply(settlement: core.Settlement): void {
    const { native, clock } = this.#link;
    const { delivery } = settlement;
    switch (settlement.action) {
      case "ack":
        return;
      case "release":
        return native.prepend(this.#list, delivery);
      case "retry":
        clock.after(settlement.delay, () => native.append(this.#list, copyOf(delivery, settlement.headers)));
        return;
      case "deadLetter":
        return native.append(this.#deadList, copyOf(delivery, settlement.headers));
      case "reject":
        return native.append(this.#deadList, copyOf(delivery, {}));
    }
  }

  /** Returns what is not settled to the front of the list, for another consumer. It counts as delivered once. */
  #returnHeld(): void {
    for (const held of this.#held) {
      this.#link.native.prepend(this.#list, { ...held, deliveries: (held.deliveries ?? 0) + 1 });
    }
    this.#held.clear();
    // A waiting `receive` has to notice the end.
    this.#link.native.arrivals.emit("message");
  }
}

/** Copies the body, so that the sender cannot change what is stored. */
function toDelivery(message: core.OutgoingMessage, position: string): core.Delivery {
  const body = message.body.slice();
  return { ...message, body, position, deliveries: 0, leaseUntil: undefined, native: message };
}

/** A copy for a retry, a replay or the dead letters. It was never delivered. */
function copyOf(delivery: core.Delivery, changes: core.HeaderChanges): core.Delivery {
  return { ...delivery, headers: core.changeHeaders(delivery.headers, changes), deliveries: 0 };
}

function listOf(entity: core.SourceEntity): string {
  return entity.kind === "queue" ? entity.name : `${entity.topic.name}.sub.${entity.name}`;
}

function deadListOf(entity: core.SourceEntity): string {
  return `${listOf(entity)}.dlq`;
}

function addMissing<T>(map: Map<string, T>, key: string, value: T): void {
  if (!map.has(key)) map.set(key, value);
}
