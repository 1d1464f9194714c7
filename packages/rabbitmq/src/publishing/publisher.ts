import type * as core from "@anybroker/core/driver";
import { Bag, bufferOf, notFound, reasonOf, type Slotted, unavailable } from "@anybroker/core/driver";
import type { ConfirmChannel, Message, Options } from "amqplib";
import { type Connection, closeChannel } from "../connection.ts";
import type { Properties } from "../wire.ts";

interface InFlight extends Slotted {
  readonly exchange: string;
  readonly routingKey: string;
  readonly id: string | undefined;
  readonly size: number;
  readonly onUnrouted: (() => void) | undefined;
  /** Set when the server returned the message: there was no queue to take it. */
  returned?: core.SendFailure | undefined;
}

/** How long a retired channel stays open for the confirms that are still to come, in ms. */
const CONFIRM_TIME = 3_000;

/** How long the server may leave the close of a channel unanswered, outside of an alarm, in ms. */
const CLOSE_TIME = 5_000;

/** The part of a server's refusal that names the message to blame. */
const BLAMED = /message size (?<size>\d+)|to topic '(?<routingKey>[^']*)'|no exchange '(?<exchange>[^']*)'/;

/** Called with the fate of a message. Without a failure the broker has accepted it. */
export type OnFate = (failure?: core.SendFailure) => void;

/** Events of a {@link Publisher}, for its owner. */
export interface PublisherEvents {
  /** The publisher takes no more messages: use another one from now on. */
  onRetired(): void;
  /** The server has closed the channel. Comes after `onRetired`. */
  onClosed(): void;
  /** There was no queue of this name, or none behind the exchange of this name. */
  onMissing(name: string): void;
}

/** Publishes on one confirm channel, until the server closes the channel or another publisher replaces this one. */
export class Publisher {
  readonly #connection: Connection;
  readonly #channel: ConfirmChannel;
  readonly #events: PublisherEvents;
  readonly #inFlight = new Bag<InFlight>();
  #retired = false;
  /** Why the server has closed the channel. */
  #closedBecause: unknown;
  /** Whether the server has confirmed a message on this channel. Then it may have accepted other ones too. */
  #anyConfirmed = false;

  constructor(connection: Connection, channel: ConfirmChannel, events: PublisherEvents) {
    this.#connection = connection;
    this.#channel = channel;
    this.#events = events;
    channel.on("return", (message) => this.#onReturn(message));
    channel.on("error", (error) => {
      this.#closedBecause = error;
      this.#retire();
      events.onClosed();
    });
  }

  /**
   * A message that amqplib cannot encode fails at once, and nothing of it is written. A mandatory message that the server
   * returns fails too, unless it has an `onUnrouted`: then that is called.
   */
  publish(
    exchange: string,
    routingKey: string,
    body: Uint8Array,
    properties: Properties,
    onFate: OnFate,
    onUnrouted?: () => void,
  ): void {
    const content = bufferOf(body);
    const size = content.length;
    const message: InFlight = { exchange, routingKey, id: properties.messageId, size, onUnrouted, slot: -1 };
    const onConfirm = (error: unknown): void => {
      this.#inFlight.remove(message);
      this.#anyConfirmed ||= !error;
      onFate(message.returned ?? (error ? this.#failureOf(message, error) : undefined));
    };
    try {
      // The cast is true: amqplib takes undefined for a property that is not set.
      this.#channel.publish(exchange, routingKey, content, properties as Options.Publish, onConfirm);
      this.#inFlight.add(message);
    } catch (error) {
      onFate({ error, outcomeUnknown: false });
    }
  }

  /**
   * To call when a queue has disappeared: another publisher takes over, on another channel. RabbitMQ 3.10 keeps state of
   * the queue in the channel. When the queue exists again, it may receive nothing of what is published on the same
   * channel, and nothing is confirmed.
   */
  replace(): void {
    if (this.#retired) return;
    this.#retire();
    setTimeout(() => void this.#close(), CONFIRM_TIME).unref();
  }

  /**
   * Closes the channel, and cuts the connection if the server does not answer. RabbitMQ 3.10 may wait forever for a queue
   * that has disappeared to take its messages (credit flow). It then reads nothing more from the connection.
   */
  async #close(): Promise<void> {
    const unanswered = setInterval(() => {
      if (this.#connection.blocked() !== undefined) return;
      clearInterval(unanswered);
      this.#connection.cut();
    }, CLOSE_TIME).unref();
    await closeChannel(this.#channel);
    clearInterval(unanswered);
  }

  #retire(): void {
    if (this.#retired) return;
    this.#retired = true;
    this.#events.onRetired();
  }

  #failureOf(message: InFlight, error: unknown): core.SendFailure {
    // One of several queues behind an exchange may have accepted a message that another queue refused.
    if (reasonOf(error) === "message nacked") return { error, outcomeUnknown: message.exchange !== "" };
    const reason = this.#closedBecause;
    if (reason === undefined) return { error, outcomeUnknown: true };
    const blamed = BLAMED.exec(reasonOf(reason))?.groups;
    if (blamed !== undefined && !isBlamed(message, blamed)) {
      return { error: unavailable("another message made the server close the channel", reason), outcomeUnknown: true };
    }
    return { error: reason, outcomeUnknown: this.#anyConfirmed && blamed?.size === undefined };
  }

  /**
   * A return comes before its confirm, and identifies the message only by its properties. Of several messages with the
   * same id on their way to the same place it could be any, so all of them fail.
   */
  #onReturn({ fields: { exchange, routingKey }, properties: { messageId } }: Message): void {
    const candidates = this.#inFlight
      .all()
      .filter((one) => one.id === messageId && one.routingKey === routingKey && one.exchange === exchange);
    // A message without `onUnrouted` is not mandatory on such an exchange, so it was not this one that came back.
    const [onUnrouted] = candidates.flatMap((one) => one.onUnrouted ?? []);
    if (onUnrouted !== undefined) return onUnrouted();
    const name = exchange || routingKey;
    const error = notFound(exchange === "" ? `there is no queue ${name}` : `there is no queue behind exchange ${name}`);
    for (const one of candidates) one.returned = { error, outcomeUnknown: candidates.length > 1 };
    this.#events.onMissing(name);
    if (exchange === "") this.replace();
  }
}

function isBlamed(message: InFlight, blamed: Readonly<Record<string, string | undefined>>): boolean {
  return (
    blamed.size === String(message.size) ||
    blamed.routingKey === message.routingKey ||
    blamed.exchange === message.exchange
  );
}
