import { EntityError, entityNotFound } from "../entities/errors.ts";
import type { Namespace, Place } from "../entities/namespace.ts";
import { answerCbs } from "./cbs.ts";
import type { ClientConnection } from "./client-connection.ts";
import { ConsumerLink } from "./consumer-link.ts";
import { amqpError, LinkError } from "./errors.ts";
import type { Faults } from "./faults.ts";
import { answerManagement, MANAGEMENT } from "./management/management.ts";
import { ProducerLink } from "./producer-link.ts";
import { ReplyLink } from "./reply-link.ts";
import { answerRequests, ReplyLinks } from "./requests.ts";
import type { Connection, EventContext, OutgoingDelivery, Receiver, Sender } from "./rhea.ts";
import { acceptSession, requestedSession } from "./session-accept.ts";

const CBS = "$cbs";

/** Opens and refuses the links of one client. */
export class Attaching {
  readonly #namespace: Namespace;
  readonly #client: ClientConnection;
  readonly #faults: Faults;
  readonly #replyLinks = new ReplyLinks();
  readonly #consumers = new WeakMap<Sender, ConsumerLink>();

  constructor(namespace: Namespace, client: ClientConnection, faults: Faults) {
    this.#namespace = namespace;
    this.#client = client;
    this.#faults = faults;
  }

  /** A client wants to send to a node. */
  openReceiver(link: Receiver, guard: Guard): void {
    const { target, source } = link.remote.attach;
    const address = pathIn(target?.address);
    link.set_source(source ?? {});
    link.set_target({ address: target?.address });
    try {
      if (address === undefined) throw new LinkError("amqp:not-implemented", "Transactions are not implemented.", 501);
      if (address === CBS) {
        link.on(
          "message",
          guard(answerRequests(CBS, this.#replyLinks, (it) => answerCbs(this.#namespace, this.#client, it))),
        );
      } else if (isManagement(address)) {
        const path = address.slice(0, -MANAGEMENT.length);
        link.on(
          "message",
          guard(
            answerRequests(address.toLowerCase(), this.#replyLinks, (it) =>
              answerManagement(this.#namespace, this.#client, path, it),
            ),
          ),
        );
      } else {
        const place = this.#placeFor(address);
        this.#client.assertAllowed(place.entity.path, ["Send"]);
        const producer = new ProducerLink(link, place, this.#client, this.#faults);
        link.on(
          "message",
          guard((context) => producer.receive(context)),
        );
        link.on(
          "receiver_close",
          guard(() => producer.left()),
        );
        return;
      }
    } catch (error) {
      refuse(link, "target", error);
    }
  }

  /** A client wants to receive from a node. */
  openSender(link: Sender, guard: Guard): void {
    const { attach } = link.remote;
    const address = pathIn(attach.source?.address);
    link.set_source({ address: attach.source?.address });
    link.set_target(attach.target ?? {});
    link.local.attach.snd_settle_mode = attach.snd_settle_mode;
    link.local.attach.rcv_settle_mode = attach.rcv_settle_mode;
    try {
      if (address === undefined) throw new EntityError("invalid", "The link has no address.");
      if (address === CBS || isManagement(address)) this.#openReplies(link, address, guard);
      else this.#openConsumer(link, this.#placeFor(address), guard);
    } catch (error) {
      refuse(link, "source", error);
    }
  }

  /** A client has set the state of a delivery. */
  settle(delivery: OutgoingDelivery): void {
    this.#consumers.get(delivery.link)?.settle(delivery);
  }

  #openReplies(link: Sender, node: string, guard: Guard): void {
    const replies = new ReplyLink(link, node.toLowerCase());
    this.#replyLinks.add([link.name, link.remote.attach.target?.address], replies);
    link.on(
      "sender_flow",
      guard(() => replies.flow()),
    );
    link.on(
      "sender_close",
      guard(() => this.#replyLinks.remove(replies)),
    );
  }

  #openConsumer(link: Sender, place: Place, guard: Guard): void {
    const { queue } = place;
    this.#client.assertAllowed(queue.path, ["Listen"]);
    const { status, requiresSession } = queue.options;
    if (status === "Disabled" || status === "ReceiveDisabled") {
      throw new EntityError("disabled", `The messaging entity '${queue.path}' is currently disabled.`);
    }
    if (queue.forward !== undefined) {
      throw new EntityError("not-allowed", `Messages of '${queue.path}' are forwarded: it has no receivers.`);
    }
    const session = requestedSession(link.remote.attach);
    if (requiresSession && session === undefined) {
      throw new EntityError(
        "not-allowed",
        "It is not possible for an entity that requires sessions to create a non-sessionful message receiver.",
      );
    }
    if (!requiresSession && session !== undefined) {
      throw new EntityError(
        "not-allowed",
        "A sessionful message receiver cannot be created on an entity that does not require sessions.",
      );
    }
    const consumer = new ConsumerLink(link, place, this.#client, this.#faults);
    link.on(
      "sender_flow",
      guard(() => consumer.flow()),
    );
    link.on(
      "sender_close",
      guard(() => consumer.left()),
    );
    this.#consumers.set(link, consumer);
    try {
      if (session !== undefined) acceptSession(link, consumer, queue, session, this.#namespace.clock);
    } catch (error) {
      consumer.left();
      throw error;
    }
  }

  #placeFor(address: string): Place {
    const place = this.#namespace.resolve(address);
    if (place === undefined) throw entityNotFound(address);
    return place;
  }
}

/** Ends the connection if a handler fails. */
export type Guard = (handler: (context: EventContext) => unknown) => (context: EventContext) => void;

export function guardOf(connection: Connection): Guard {
  return (handler) => (context) => {
    try {
      handler(context);
    } catch (error) {
      connection.close(amqpError(error));
    }
  };
}

/** Without its source, or its target, the client knows that the link will be closed. AMQP 1.0, part 2.6.3. */
function refuse(link: Sender | Receiver, end: "source" | "target", error: unknown): void {
  link.local.attach[end] = undefined;
  link.close(amqpError(error));
}

function isManagement(address: string): boolean {
  return address.toLowerCase().endsWith(MANAGEMENT);
}

/** An address is a path, or a URI with one. */
function pathIn(address: string | undefined): string | undefined {
  if (address === undefined || address === null) return undefined;
  return address.replace(/^[a-z]+:\/\/[^/]*/i, "").replace(/^\/+|\/+$/g, "");
}
