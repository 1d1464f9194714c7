import { clearInterval, setInterval } from "node:timers";
import {
  CONTRACT,
  type DeadLetterStore,
  type Delivery,
  type Destination,
  type Drift,
  type Driver,
  type Entity,
  type Link,
  type LinkContext,
  type LinkHealth,
  Naming,
  type OpenOptions,
  type OutgoingMessage,
  type Report,
  type SendFailure,
  type ServerInfo,
  type Source,
  type SourceEntity,
  type Stats,
} from "@anybroker/core/driver";
import { type Endable, Instance, type MemoryInstance } from "./broker/instance.ts";
import { MemoryError } from "./broker/memory-error.ts";
import { QueueStore } from "./broker/queue-store.ts";
import { namedInstance } from "./broker/registry.ts";
import { CAPABILITIES, type MemoryCapabilities } from "./capabilities.ts";
import { classify } from "./errors.ts";
import { checkOptions, type MemoryOptions } from "./options.ts";
import { MemorySource } from "./source.ts";
import { Topology } from "./topology.ts";
import { copyIn, deadLetterOf } from "./wire.ts";

const SERVER: ServerInfo = { product: "memory", version: "embedded", capabilities: {} };
const DAY = 86_400_000;
const NEARLY_FULL = 0.9;

/**
 * A driver of the embedded broker, for `connect`. With a name it is one of the process's shared instances, without one
 * it has an instance of its own that outlives reconnects. Throws `INVALID_CONFIG` for an unknown option or a wrong value.
 */
export function memory(options: MemoryOptions = {}): Driver<MemoryCapabilities, MemoryInstance> {
  const { name, maxMessages, maxBytes, naming } = checkOptions({ ...options });
  const bounds = { maxMessages, maxBytes };
  const names = new Naming(naming);
  const own = name === undefined ? new Instance(undefined, bounds, () => {}) : undefined;
  return {
    contract: CONTRACT,
    name: "memory",
    address: `memory:${name ?? ""}`,
    capabilities: CAPABILITIES,
    async connect(context: LinkContext, signal: AbortSignal): Promise<Link<MemoryInstance>> {
      signal.throwIfAborted();
      return new MemoryLink(own ?? namedInstance(name ?? "", bounds), names, context);
    },
    classify,
  };
}

/** One connection to an instance. */
class MemoryLink implements Link<MemoryInstance>, Endable {
  readonly server = SERVER;
  readonly native: MemoryInstance;
  readonly lost: Promise<unknown>;
  readonly window = { messages: 1_024, bytes: 16_777_216 };
  readonly #instance: Instance;
  readonly #topology: Topology;
  readonly #lease: number;
  readonly #resolveLost: (reason: unknown) => void;
  readonly #sources = new Set<Endable>();
  /** Keeps the process alive, as an open socket would. */
  readonly #alive: NodeJS.Timeout;
  #ended: MemoryError | undefined;

  constructor(instance: Instance, naming: Naming, context: LinkContext) {
    instance.attach(this, context.clock);
    const { promise, resolve } = Promise.withResolvers<unknown>();
    this.lost = promise;
    this.#resolveLost = resolve;
    this.native = instance;
    this.#instance = instance;
    this.#topology = new Topology(instance, naming);
    this.#lease = context.lease;
    this.#alive = setInterval(() => {}, DAY);
  }

  async declare(entities: readonly Entity[], mode: "create" | "verify"): Promise<readonly Drift[]> {
    this.#check();
    return entities.flatMap((entity) => this.#topology.declare(entity, mode));
  }

  send(destination: Destination, batch: readonly OutgoingMessage[], report: Report): Promise<void> {
    // Once one of a key is refused, the rest of that key must not pass it when it is sent again.
    let refused: Set<string> | undefined;
    for (const [index, message] of batch.entries()) {
      const failure =
        message.key !== undefined && refused?.has(message.key)
          ? {
              error: new MemoryError("refused", "an earlier message of this key was not accepted"),
              outcomeUnknown: false,
            }
          : this.#accept(destination, message);
      if (failure !== undefined && message.key !== undefined) {
        refused ??= new Set();
        refused.add(message.key);
      }
      report(index, failure);
    }
    return Promise.resolve();
  }

  async open(
    entity: SourceEntity,
    _options: OpenOptions,
    onLost: (deliveries: readonly Delivery[]) => void,
  ): Promise<Source> {
    this.#check();
    const { store, end } =
      entity.kind === "subscription" && !entity.durable
        ? this.#topology.subscribeEphemeral(entity)
        : { store: this.#topology.source(entity), end: (): void => {} };
    const onEnd = (ended: Endable): void => {
      this.#sources.delete(ended);
      end();
    };
    const source = new MemorySource({ instance: this.#instance, store, lease: this.#lease, onLost, onEnd });
    this.#sources.add(source);
    return source;
  }

  async stats(entity: SourceEntity): Promise<Stats> {
    return this.#store(entity).stats();
  }

  deadLetters(entity: SourceEntity): DeadLetterStore {
    const store = (): QueueStore => this.#store(entity);
    return {
      count: async () => store().dead.size,
      list: async (limit, after) => {
        const { dead, shape } = store();
        return dead.list(limit, after).map(([number, entry]) => deadLetterOf(number, entry, shape.name));
      },
      replay: async (selection, headers) => store().replay(selection, headers),
      remove: async (selection) => store().remove(selection),
    };
  }

  async health(): Promise<LinkHealth> {
    this.#check();
    const { name = "", budget, links } = this.#instance;
    const { messages, maxMessages, bytes, maxBytes } = budget;
    const full = Math.max(messages / maxMessages, bytes / maxBytes);
    return {
      degraded: full < NEARLY_FULL ? undefined : `${Math.floor(full * 100)} % full`,
      details: { name, messages, maxMessages, bytes, maxBytes, links },
    };
  }

  close(): Promise<void> {
    this.end(new MemoryError("closed", "the link was closed"));
    return Promise.resolve();
  }

  end(reason: MemoryError): void {
    if (this.#ended !== undefined) return;
    this.#ended = reason;
    for (const source of [...this.#sources]) source.end(reason);
    clearInterval(this.#alive);
    this.#instance.detach(this);
    this.#resolveLost(reason);
  }

  #check(): void {
    if (this.#ended !== undefined) throw this.#ended;
  }

  #store(entity: SourceEntity): QueueStore {
    this.#check();
    return this.#topology.source(entity);
  }

  #accept(destination: Destination, outgoing: OutgoingMessage): SendFailure | undefined {
    const { id } = outgoing;
    try {
      this.#check();
      const fault = this.#instance.fault(() => ({ kind: "send", destination: destination.name, id }));
      if (fault === "refuse") throw new MemoryError("refused", "the fault hook refused the message");
      this.#put(destination, outgoing);
      if (fault === undefined) return undefined;
    } catch (error) {
      return { error, outcomeUnknown: false };
    }
    return { error: new MemoryError("unconfirmed", "the fault hook held back the confirm"), outcomeUnknown: true };
  }

  #put(destination: Destination, outgoing: OutgoingMessage): void {
    const target = this.#topology.destination(destination);
    const message = copyIn(outgoing);
    const { deliverAt } = outgoing;
    const later = deliverAt !== undefined && deliverAt > this.#instance.timing.now;
    const copies = target instanceof QueueStore || later ? 1 : target.copies(message);
    if (!this.#instance.hasRoom(copies, copies * message.size)) {
      const { messages, bytes } = this.#instance;
      throw new MemoryError(
        "full",
        `${destination.name}: the instance is full, with ${messages} messages, ${bytes} bytes`,
      );
    }
    if (later) target.addLater(message, deliverAt);
    else target.add(message);
  }
}
