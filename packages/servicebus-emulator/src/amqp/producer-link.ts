import type { Attachment } from "../entities/entity.ts";
import type { Place } from "../entities/namespace.ts";
import type { AuthorizedLink, ClientConnection } from "./client-connection.ts";
import { amqpError } from "./errors.ts";
import type { Faults } from "./faults.ts";
import { AmqpContent } from "./message/content.ts";
import { messagesOfBatch } from "./message/sections.ts";
import { type EventContext, type IncomingDelivery, message, type Receiver, type Session } from "./rhea.ts";
import { MalformedBytes } from "./wire/reader.ts";

/** The format of a transfer that has several messages. */
const BATCH = 0x8001_3700;

const ACCEPTED = message.accepted().described();

/** A link on which a client sends messages to an entity. */
export class ProducerLink implements Attachment, AuthorizedLink {
  readonly path: string;
  readonly session: Session;
  readonly claims = ["Send"] as const;
  readonly #link: Receiver;
  readonly #place: Place;
  readonly #client: ClientConnection;
  readonly #faults: Faults;
  #isOpen = true;

  constructor(link: Receiver, place: Place, client: ClientConnection, faults: Faults) {
    this.path = place.entity.path;
    this.session = link.session;
    this.#link = link;
    this.#place = place;
    this.#client = client;
    this.#faults = faults;
    link.local.attach.max_message_size = place.queue.options.maxMessageSize;
    place.entity.attachments.add(this);
    client.links.add(this);
  }

  detach(reason: Error): void {
    this.end(reason);
  }

  end(error: unknown): void {
    if (!this.#isOpen) return;
    this.left();
    this.#link.close(amqpError(error));
  }

  /** The client has left. */
  left(): void {
    this.#isOpen = false;
    this.#place.entity.attachments.delete(this);
    this.#client.links.delete(this);
  }

  /** The client has sent something. */
  receive({ message: payload, format, delivery }: EventContext): void {
    if (!this.#isOpen || delivery === undefined) return;
    if (payload === undefined) throw new MalformedBytes("a transfer has no payload");
    try {
      this.#faults.beforeSend(this.path);
      const encoded = format === BATCH ? messagesOfBatch(payload) : [payload];
      this.#place.queue.send(encoded.map((bytes) => AmqpContent.decode(bytes)));
      this.#place.entity.touch();
    } catch (error) {
      this.#settle(delivery, error);
      return;
    }
    this.#settle(delivery);
  }

  #settle(delivery: IncomingDelivery, error?: unknown): void {
    const state = error === undefined ? ACCEPTED : message.rejected({ error: amqpError(error) }).described();
    this.#faults.settle(this.path, () => delivery.update(true, state));
  }
}
