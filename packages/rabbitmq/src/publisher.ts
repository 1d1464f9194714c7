import type * as core from "@anybroker/core/driver";
import { Bag, BrokerError, orAborted, reasonOf, type Slotted } from "@anybroker/core/driver";
import type * as amqp from "amqplib";
import { corkOf } from "./cork.ts";
import type { Properties } from "./wire.ts";

interface InFlight extends Slotted {
  readonly exchange: string;
  readonly routingKey: string;
  readonly id: string | undefined;
  readonly size: number;
  readonly channel: amqp.ConfirmChannel | undefined;
  returned?: core.SendFailure;
}

/** How long a channel that was replaced may confirm nothing, in milliseconds. */
const STALLED = 2_000;

/** Told what became of a message: accepted when `failure` is undefined. */
export type Done = (failure?: core.SendFailure) => void;

/** One confirm channel, opened again whenever the server closes it. */
export class Publisher {
  readonly #model: amqp.ChannelModel;
  readonly #unroutable: (name: string) => void;
  readonly #inFlight = new Bag<InFlight>();
  readonly #cork: () => void;
  #channel: amqp.ConfirmChannel | undefined;
  #opening: Promise<void> | undefined;
  #full = false;
  /** Why the server has closed the channel. */
  #refusal: unknown;
  /** Whether anything was accepted on this channel, so that an earlier message may have been too. */
  #proven = false;
  #wake: (() => void)[] = [];

  /** `unroutable` is told the exchange or queue that was not there. */
  constructor(model: amqp.ChannelModel, unroutable: (name: string) => void) {
    this.#model = model;
    this.#cork = corkOf(model);
    this.#unroutable = unroutable;
  }

  /** Whether `publish` may be called. */
  get writable(): boolean {
    return this.#channel !== undefined && !this.#full;
  }

  /** Resolves once `publish` may be called. Rejects when the signal aborts or the connection is gone. */
  async ready(signal: AbortSignal): Promise<void> {
    while (!this.writable) {
      const drained = (): Promise<void> => new Promise((resolve) => this.#wake.push(resolve));
      await orAborted(this.#channel === undefined ? this.#open() : drained(), signal);
    }
  }

  /** What amqplib cannot encode fails at once, and nothing of it is written. */
  publish(exchange: string, routingKey: string, body: Uint8Array, properties: Properties, done: Done): void {
    const content = Buffer.isBuffer(body) ? body : Buffer.from(body.buffer, body.byteOffset, body.byteLength);
    const message: InFlight = {
      exchange,
      routingKey,
      id: properties.messageId,
      size: content.length,
      channel: this.#channel,
      slot: -1,
    };
    const confirmed = (error: unknown): void => {
      this.#inFlight.remove(message);
      if (message.returned !== undefined || !error) {
        this.#proven ||= !error;
        return done(message.returned);
      }
      done(this.#failureOf(message, error));
    };
    try {
      if (this.#channel === undefined) throw new BrokerError("UNAVAILABLE", "channel closed", { retryable: true });
      // The cast is true: amqplib takes undefined for what is not there.
      const options = properties as amqp.Options.Publish;
      if (!this.#channel.publish(exchange, routingKey, content, options, confirmed)) this.#full = true;
      this.#inFlight.add(message);
      this.#cork();
    } catch (error) {
      done({ error, outcomeUnknown: false });
    }
  }

  /**
   * A queue has gone. RabbitMQ 3.10 keeps what it knew of it in the channel: when the queue is there again, what is
   * published to it on the same channel may reach nobody and is never confirmed. So another channel takes over; the
   * old one is closed when it has nothing more to confirm, or confirms nothing any more.
   */
  renew(): void {
    const channel = this.#channel;
    this.#channel = undefined;
    let before = 0;
    const watch = setInterval(() => {
      const open = this.#inFlight.all().filter((one) => one.channel === channel).length;
      if (open > 0 && open !== before) {
        before = open;
        return;
      }
      clearInterval(watch);
      // It throws at once where the channel has ended by itself.
      void (async () => channel?.close())().catch(() => {});
    }, STALLED).unref();
  }

  #open(): Promise<void> {
    this.#opening ??= this.#connect().finally(() => {
      this.#opening = undefined;
    });
    return this.#opening;
  }

  async #connect(): Promise<void> {
    const channel = await this.#model.createConfirmChannel();
    const awake = (): void => {
      this.#full = false;
      for (const wake of this.#wake.splice(0)) wake();
    };
    channel.on("return", (message) => {
      this.#returned(message);
      if (message.fields.exchange === "" && this.#channel === channel) this.renew();
    });
    channel.on("drain", awake);
    channel.on("error", (error) => {
      this.#refusal = error;
      this.#channel = undefined;
      // At once, while the old channel still has its number: amqplib may not have written all of the old one yet, and
      // a channel of the same number would be opened in the middle of it.
      this.#open().catch(() => {});
    });
    // After its listener, in which amqplib fails what is unconfirmed.
    channel.on("close", () => {
      if (this.#channel === channel) this.#channel = undefined;
      this.#refusal = undefined;
      awake();
    });
    this.#proven = false;
    this.#full = false;
    this.#channel = channel;
  }

  #failureOf(message: InFlight, error: unknown): core.SendFailure {
    // One of several queues of an exchange may have taken it.
    if (reasonOf(error) === "message nacked") return { error, outcomeUnknown: message.exchange !== "" };
    const cause = this.#refusal;
    if (cause === undefined) return { error, outcomeUnknown: true };
    const blamed = /message size (\d+)|to topic '([^']*)'|no exchange '([^']*)'/.exec(reasonOf(cause));
    const guilty = [String(message.size), message.routingKey, message.exchange];
    const others = "another message made the server close the channel";
    return blamed === null || guilty.some((part, index) => part === blamed[index + 1])
      ? { error: cause, outcomeUnknown: this.#proven && blamed?.[1] === undefined }
      : { error: new BrokerError("UNAVAILABLE", others, { retryable: true, cause }), outcomeUnknown: true };
  }

  /**
   * A return comes before its confirm and names the message by nothing but its properties. Where several of the same
   * id are on their way to the same place it could be any of them, so all of them fail.
   */
  #returned({ fields: { exchange, routingKey }, properties: { messageId } }: amqp.Message): void {
    const same = this.#inFlight
      .all()
      .filter((one) => one.id === messageId && one.routingKey === routingKey && one.exchange === exchange);
    const name = exchange || routingKey;
    this.#unroutable(name);
    const error = new BrokerError(
      "NOT_FOUND",
      exchange === "" ? `no queue ${name}` : `no queue behind exchange ${name}`,
    );
    for (const one of same) one.returned = { error, outcomeUnknown: same.length > 1 };
  }
}
