import type * as core from "@anybroker/core/driver";
import { Bag, BrokerError, reasonOf, type Slotted } from "@anybroker/core/driver";
import type { ConfirmChannel, Message, Options } from "amqplib";
import type { Connection } from "../connection.ts";
import type { Properties } from "../wire.ts";

interface InFlight extends Slotted {
  readonly exchange: string;
  readonly routingKey: string;
  readonly id: string | undefined;
  readonly size: number;
  returned?: core.SendFailure;
}

/** How long a channel that was replaced may take for what it still has to confirm, in milliseconds. */
const REPLACED = 3_000;

/** How long the server may leave the end of a channel unanswered, unless an alarm is on, in milliseconds. */
const DEAF = 5_000;

/** Told what became of a message: accepted when `failure` is undefined. */
export type Done = (failure?: core.SendFailure) => void;

/** What the owner of a publisher is told. */
export interface PublisherEvents {
  /** It takes nothing more: another one is to take over. */
  leave(): void;
  /** The server has closed the channel, after `leave`. */
  closed(): void;
  /** No queue of that name, or none behind an exchange of that name, was there to take a message. */
  missing(name: string): void;
}

/** One confirm channel, until the server closes it or another one takes over. */
export class Publisher {
  readonly #connection: Connection;
  readonly #channel: ConfirmChannel;
  readonly #events: PublisherEvents;
  readonly #inFlight = new Bag<InFlight>();
  #over = false;
  /** Why the server has closed the channel. */
  #refusal: unknown;
  /** Whether anything was accepted on this channel, so that an earlier message may have been too. */
  #proven = false;

  constructor(connection: Connection, channel: ConfirmChannel, events: PublisherEvents) {
    this.#connection = connection;
    this.#channel = channel;
    this.#events = events;
    channel.on("return", (message) => this.#returned(message));
    channel.on("error", (error) => {
      this.#refusal = error;
      this.#leave();
      events.closed();
    });
  }

  /** What amqplib cannot encode fails at once, and nothing of it is written. */
  publish(exchange: string, routingKey: string, body: Uint8Array, properties: Properties, done: Done): void {
    const content = Buffer.isBuffer(body) ? body : Buffer.from(body.buffer, body.byteOffset, body.byteLength);
    const message: InFlight = { exchange, routingKey, id: properties.messageId, size: content.length, slot: -1 };
    const confirmed = (error: unknown): void => {
      this.#inFlight.remove(message);
      this.#proven ||= !error;
      done(message.returned ?? (error ? this.#failureOf(message, error) : undefined));
    };
    try {
      // The cast is true: amqplib takes undefined for what is not there.
      this.#channel.publish(exchange, routingKey, content, properties as Options.Publish, confirmed);
      this.#inFlight.add(message);
    } catch (error) {
      done({ error, outcomeUnknown: false });
    }
  }

  /**
   * A queue has gone. RabbitMQ 3.10 keeps what it knew of it in the channel: when the queue is there again, what is
   * published to it on the same channel may reach nobody and is never confirmed. So another channel takes over.
   */
  replace(): void {
    if (this.#over) return;
    this.#leave();
    setTimeout(() => this.#close(), REPLACED).unref();
  }

  /**
   * RabbitMQ 3.10 may wait for ever for a queue that has gone to take what it was sent, and then reads nothing more from
   * the whole connection: only another one helps.
   */
  #close(): void {
    const deaf = setInterval(() => {
      if (this.#connection.blocked() !== undefined) return;
      clearInterval(deaf);
      this.#connection.cut();
    }, DEAF).unref();
    // It rejects where the channel has ended by itself.
    const closing = (async () => this.#channel.close())().catch(() => {});
    void closing.then(() => clearInterval(deaf));
  }

  #leave(): void {
    if (!this.#over) this.#events.leave();
    this.#over = true;
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
  #returned({ fields: { exchange, routingKey }, properties: { messageId } }: Message): void {
    const same = this.#inFlight
      .all()
      .filter((one) => one.id === messageId && one.routingKey === routingKey && one.exchange === exchange);
    const name = exchange || routingKey;
    const what = exchange === "" ? `no queue ${name}` : `no queue behind exchange ${name}`;
    const error = new BrokerError("NOT_FOUND", what);
    for (const one of same) one.returned = { error, outcomeUnknown: same.length > 1 };
    this.#events.missing(name);
    if (exchange === "") this.replace();
  }
}
