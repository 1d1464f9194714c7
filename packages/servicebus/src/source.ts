import type * as core from "@anybroker/core/driver";
import { Bag, closed, Ending, orAborted, PushBuffer, readFilterText, unavailable } from "@anybroker/core/driver";
import { createEphemeral, type Ephemeral } from "./declaring/ephemeral.ts";
import { hasFilter, placeOf } from "./declaring/places.ts";
import { isForbidden, isSessionMismatch } from "./errors.ts";
import { QueueReader } from "./reading/queue-reader.ts";
import type { Reader } from "./reading/reader.ts";
import { SessionReader } from "./reading/session-reader.ts";
import { Settler } from "./settle.ts";
import type { LinkState } from "./state/link-state.ts";
import { isExact, type SourcePlace } from "./topology.ts";
import { identityOf, type ServicebusDelivery } from "./wire.ts";

/** How many messages are given back at once when the link has ended. */
const RETURNED_AT_ONCE = 100;
/** How often in a lease the driver looks for locks that have run out. */
const EXPIRY_CHECKS = 8;
/** How long deleting an ephemeral subscription may take, in ms. */
const REMOVAL_TIME = 5_000;

/** What a source reads. */
interface Reading {
  readonly entity: core.SourceEntity;
  readonly place: SourcePlace;
  readonly window: number;
  /** Whether copies can come back to it alone. */
  readonly returns: boolean;
  /** The subscription that ends with the source. */
  readonly ephemeral: Ephemeral | undefined;
}

/** `Link.open`. */
export async function openSource(
  link: LinkState,
  entity: core.SourceEntity,
  { window }: core.OpenOptions,
  onLost: core.OnLost,
  signal: AbortSignal,
): Promise<core.Source> {
  const isEphemeral = entity.kind === "subscription" && !entity.durable;
  const ephemeral = isEphemeral ? await createEphemeral(link, entity, signal) : undefined;
  const place =
    ephemeral === undefined
      ? await placeOf(link, entity, signal)
      : { path: ephemeral.path, queue: undefined, filter: undefined };
  const returns = place.queue !== undefined && (await canSendTo(link, place.queue, signal));
  const source = new ServicebusSource(link, { entity, place, window, returns, ephemeral }, onLost);
  try {
    await source.resume(signal);
    return source;
  } catch (error) {
    await source.close(AbortSignal.abort(error)).catch(() => {});
    throw error;
  }
}

async function canSendTo(link: LinkState, queue: string, signal: AbortSignal): Promise<boolean> {
  try {
    await link.senders.newBatch(queue, signal);
    return true;
  } catch (error) {
    if (isForbidden(error)) return false;
    throw error;
  }
}

class ServicebusSource implements core.Source {
  readonly returns: boolean;
  readonly storedFilter: core.Source["storedFilter"];
  readonly #link: LinkState;
  readonly #reading: Reading;
  readonly #onLost: core.OnLost;
  readonly #settler: Settler;
  readonly #buffer = new PushBuffer<ServicebusDelivery>();
  /** What is not settled yet, in the buffer or in the core. */
  readonly #held = new Bag<ServicebusDelivery>();
  readonly #ending = new Ending(() => this.#onEnd());
  readonly #onLinkEnd = (): void => this.#ending.end(unavailable("the connection to the service has ended"));
  readonly #expiry: NodeJS.Timeout;
  #reader: Reader;
  #freed: Promise<void> = Promise.resolve();

  constructor(link: LinkState, reading: Reading, onLost: core.OnLost) {
    const { entity, place, returns, ephemeral } = reading;
    this.returns = returns;
    this.storedFilter = storedFilterOf(place.filter);
    this.#link = link;
    this.#reading = reading;
    this.#onLost = onLost;
    this.#reader = this.#readerFor(entity.ordered && ephemeral === undefined);
    this.#settler = new Settler(link, place.queue, {
      gone: (delivery) => this.#forget(delivery),
      isFilterCurrent: (signal) => this.#isFilterCurrent(signal),
    });
    link.connection.ended.addEventListener("abort", this.#onLinkEnd, { once: true });
    this.#expiry = setInterval(() => this.#loseExpired(), link.context.lease / EXPIRY_CHECKS);
  }

  get lost(): Promise<unknown> {
    return this.#ending.lost;
  }

  receive(max: number, signal: AbortSignal): readonly core.Delivery[] | Promise<readonly core.Delivery[]> {
    return this.#buffer.take(max, signal);
  }

  settle(batch: readonly core.Settlement[], signal: AbortSignal): Promise<readonly core.SettleResult[]> {
    return this.#settler.settle(batch, signal);
  }

  extend(deliveries: readonly core.Delivery[], signal: AbortSignal): Promise<readonly (number | undefined)[]> {
    // The cast is true: the core extends what this source has handed out.
    return orAborted(this.#reader.extend(deliveries as readonly ServicebusDelivery[]), signal);
  }

  /** Reads the other way if the entity is not what was asked for: with sessions or without. */
  async resume(signal: AbortSignal): Promise<void> {
    try {
      await this.#reader.start(signal);
    } catch (error) {
      if (!isSessionMismatch(error)) throw error;
      await this.#readOtherwise(signal);
    }
  }

  async pause(signal: AbortSignal): Promise<void> {
    await this.#reader.pause(signal);
    for (const delivery of this.#held.all()) if (delivery.state === "returned") this.#held.remove(delivery);
  }

  identify(delivery: core.Delivery): string {
    // The cast is true: the core asks about what this source has delivered.
    return identityOf(delivery as ServicebusDelivery);
  }

  async close(signal: AbortSignal): Promise<void> {
    this.#ending.end(closed(`the source of ${this.#reading.place.path} was closed`));
    await orAborted(this.#freed, signal);
  }

  #readerFor(sessions: boolean): Reader {
    const { place, window } = this.#reading;
    const Kind = sessions ? SessionReader : QueueReader;
    return new Kind(this.#link, place.path, window, {
      message: (delivery) => this.#onMessage(delivery),
      lost: (deliveries) => this.#lose(deliveries),
      ended: (reason) => this.#onReaderEnded(reason),
    });
  }

  #onReaderEnded(reason: unknown): void {
    if (!isSessionMismatch(reason) || this.#ending.over) return this.#ending.end(reason);
    void this.#readOtherwise(this.#link.connection.ended).catch(this.#ending.end);
  }

  async #readOtherwise(signal: AbortSignal): Promise<void> {
    await this.#reader.close();
    this.#reader = this.#readerFor(this.#reader instanceof QueueReader);
    await this.#reader.start(signal);
  }

  /** Whether the stored filter is still the one by which the core decides. */
  async #isFilterCurrent(signal: AbortSignal): Promise<boolean> {
    const { entity, place } = this.#reading;
    if (entity.kind === "queue" || place.filter === undefined) return true;
    if (await hasFilter(this.#link, entity, place.filter, signal)) return true;
    this.#link.places.delete(this.#link.names.queueOf(entity));
    this.#ending.end(unavailable("the filter of the subscription has changed"));
    return false;
  }

  #onMessage(delivery: ServicebusDelivery): void {
    this.#held.add(delivery);
    if (this.#ending.over) void this.#giveBack([delivery]);
    else this.#buffer.push(delivery);
  }

  #forget(delivery: ServicebusDelivery): void {
    delivery.state = "gone";
    this.#held.remove(delivery);
    delivery.free();
  }

  /** This consumer does not have these any more. */
  #lose(deliveries: readonly ServicebusDelivery[]): void {
    const lost = new Set(deliveries);
    for (const delivery of lost) {
      delivery.state = "gone";
      this.#held.remove(delivery);
    }
    const buffered = this.#buffer.drain();
    for (const delivery of buffered) if (!lost.has(delivery)) this.#buffer.push(delivery);
    const notHandedOut = new Set(buffered);
    const handedOut = deliveries.filter((delivery) => !notHandedOut.has(delivery));
    if (handedOut.length > 0) this.#onLost(handedOut);
  }

  /** The service tells nobody that a lock has run out. Until then, it grants no other message in its place. */
  #loseExpired(): void {
    const now = this.#link.context.clock.now();
    const expired = this.#held.all().filter(({ leaseUntil }) => leaseUntil <= now);
    this.#lose(expired);
    for (const delivery of expired) delivery.free();
  }

  /** The locks outlive the link and the source, so what is held goes back by itself, before the locks run out. */
  #onEnd(): void {
    clearInterval(this.#expiry);
    this.#link.connection.ended.removeEventListener("abort", this.#onLinkEnd);
    const stopped = this.#reader.stop();
    const held = this.#held.all();
    this.#lose(held);
    this.#buffer.end();
    this.#freed = this.#free(held, stopped);
    const freed = (): Promise<void> => this.#freed;
    this.#link.givesBack.add(freed);
    void this.#freed.then(() => this.#link.givesBack.delete(freed));
  }

  /** What goes back before the receivers have stopped would come again. */
  async #free(held: readonly ServicebusDelivery[], stopped: Promise<void>): Promise<void> {
    await stopped;
    await this.#giveBack(held);
    await this.#reader.close().catch(() => {});
    await this.#reading.ephemeral?.remove(AbortSignal.timeout(REMOVAL_TIME)).catch(() => {});
  }

  async #giveBack(held: readonly ServicebusDelivery[]): Promise<void> {
    for (let from = 0; from < held.length; from += RETURNED_AT_ONCE) {
      const some = held.slice(from, from + RETURNED_AT_ONCE);
      await Promise.allSettled(some.map(({ holder, locked }) => holder.receiver.abandonMessage(locked)));
    }
    for (const delivery of held) delivery.free();
  }
}

function storedFilterOf(text: string | undefined): core.Source["storedFilter"] {
  const stored = text === undefined ? undefined : readFilterText(text);
  if (stored?.filter === undefined) return stored;
  return isExact(stored.filter) ? { filter: undefined } : stored;
}
