import type * as core from "@anybroker/core/driver";
import { closed, Ending, orAborted, PushBuffer, unavailable } from "@anybroker/core/driver";
import { QueueReader } from "./reading/queue-reader.ts";
import type { Reader, ReaderEvents } from "./reading/reader.ts";
import { SessionReader } from "./reading/session-reader.ts";
import { Settler } from "./settle.ts";
import type { LinkState } from "./state/link-state.ts";
import { identityOf, type ServicebusDelivery } from "./wire.ts";

/** How many messages are given back at once when the link has ended. */
const RETURNED_AT_ONCE = 100;

/** `Link.open`. */
export async function openSource(
  link: LinkState,
  entity: core.SourceEntity,
  { window }: core.OpenOptions,
  onLost: core.OnLost,
  signal: AbortSignal,
): Promise<core.Source> {
  const path = link.names.queueOf(entity);
  const source = new ServicebusSource(link, path, onLost, (events) =>
    entity.ordered ? new SessionReader(link, path, window, events) : new QueueReader(link, path, window, events),
  );
  try {
    await source.resume(signal);
    return source;
  } catch (error) {
    await source.close(AbortSignal.abort(error)).catch(() => {});
    throw error;
  }
}

class ServicebusSource implements core.Source {
  readonly returns = true;
  readonly #link: LinkState;
  readonly #path: string;
  readonly #onLost: core.OnLost;
  readonly #reader: Reader;
  readonly #settler: Settler;
  readonly #buffer = new PushBuffer<ServicebusDelivery>();
  /** What is not settled yet, in the buffer or in the core. */
  readonly #held = new Set<ServicebusDelivery>();
  readonly #ending = new Ending(() => this.#onEnd());
  readonly #onLinkEnd = (): void => this.#ending.end(unavailable("the connection to the service has ended"));
  #givenBack: Promise<void> = Promise.resolve();

  constructor(link: LinkState, path: string, onLost: core.OnLost, readerOf: (events: ReaderEvents) => Reader) {
    this.#link = link;
    this.#path = path;
    this.#onLost = onLost;
    this.#reader = readerOf({
      message: (delivery) => this.#onMessage(delivery),
      lost: (deliveries) => this.#lose(deliveries),
      ended: this.#ending.end,
    });
    this.#settler = new Settler(link, path, (delivery) => this.#forget(delivery));
    link.connection.ended.addEventListener("abort", this.#onLinkEnd, { once: true });
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

  async pause(signal: AbortSignal): Promise<void> {
    await this.#reader.pause(signal);
    for (const delivery of this.#held) if (delivery.state === "returned") this.#held.delete(delivery);
  }

  resume(signal: AbortSignal): Promise<void> {
    return this.#reader.start(signal);
  }

  identify(delivery: core.Delivery): string {
    // The cast is true: the core asks about what this source has delivered.
    return identityOf(delivery as ServicebusDelivery);
  }

  async close(signal: AbortSignal): Promise<void> {
    this.#ending.end(closed(`the source of ${this.#path} was closed`));
    await orAborted(this.#givenBack, signal);
  }

  #onMessage(delivery: ServicebusDelivery): void {
    this.#held.add(delivery);
    if (this.#ending.over) void this.#giveBack([delivery]);
    else this.#buffer.push(delivery);
  }

  #forget(delivery: ServicebusDelivery): void {
    delivery.state = "gone";
    this.#held.delete(delivery);
    delivery.free();
  }

  #lose(deliveries: readonly ServicebusDelivery[]): void {
    const notHandedOut = new Set(this.#buffer.drain());
    for (const delivery of deliveries) {
      delivery.state = "gone";
      this.#held.delete(delivery);
    }
    const handedOut = deliveries.filter((delivery) => !notHandedOut.has(delivery));
    for (const delivery of notHandedOut) if (delivery.state === "held") this.#buffer.push(delivery);
    if (handedOut.length > 0) this.#onLost(handedOut);
  }

  /** The locks outlive the link and the source, so what is held goes back by itself, before the locks run out. */
  #onEnd(): void {
    this.#link.connection.ended.removeEventListener("abort", this.#onLinkEnd);
    this.#reader.stop();
    const held = [...this.#held];
    this.#lose(held);
    this.#buffer.end();
    this.#givenBack = this.#giveBack(held).then(() => this.#reader.close());
    const givingBack = (): Promise<void> => this.#givenBack;
    this.#link.givesBack.add(givingBack);
    void this.#givenBack.catch(() => {}).then(() => this.#link.givesBack.delete(givingBack));
  }

  async #giveBack(held: readonly ServicebusDelivery[]): Promise<void> {
    for (let from = 0; from < held.length; from += RETURNED_AT_ONCE) {
      const some = held.slice(from, from + RETURNED_AT_ONCE);
      await Promise.allSettled(some.map(({ holder, locked }) => holder.receiver.abandonMessage(locked)));
    }
    for (const delivery of held) delivery.free();
  }
}
