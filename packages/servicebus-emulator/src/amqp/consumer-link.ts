import type { Consumer } from "../entities/consumers.ts";
import type { Attachment } from "../entities/entity.ts";
import { EntityError, messageLockLost, sessionLockLost } from "../entities/errors.ts";
import type { Delivery, Lock } from "../entities/message.ts";
import type { Place } from "../entities/namespace.ts";
import type { Session, SessionHolder } from "../entities/session.ts";
import type { AuthorizedLink, ClientConnection } from "./client-connection.ts";
import { LinkCredit } from "./credit.ts";
import { amqpError } from "./errors.ts";
import type { Faults } from "./faults.ts";
import { encodeMessage } from "./message/encode-message.ts";
import { settle } from "./outcomes.ts";
import { type Session as AmqpSession, message, type OutgoingDelivery, type Sender } from "./rhea.ts";
import { guidBytes } from "./wire/uuid.ts";

/** Sender settle mode "settled": the client takes messages without settling them. */
const SETTLED = 1;

/**
 * How long after the end of a session's lock its link is detached, in ms. The service is not punctual there, and its
 * clients rely on that: they wait for messages as long as the lock lasts.
 */
const DETACH_DELAY = 1_000;

const ACCEPTED = message.accepted().described();

/** A link on which a client receives messages of an entity. */
export class ConsumerLink implements Attachment, AuthorizedLink, Consumer, SessionHolder {
  readonly path: string;
  readonly session: AmqpSession;
  readonly claims = ["Listen"] as const;
  readonly mode: Consumer["mode"];
  readonly #link: Sender;
  readonly #place: Place;
  readonly #client: ClientConnection;
  readonly #faults: Faults;
  readonly #credit: LinkCredit;
  readonly #locks = new WeakMap<OutgoingDelivery, Lock>();
  #session: Session | undefined;
  #lostSession: string | undefined;
  #isOpen = true;
  #closed: (() => void) | undefined;

  constructor(link: Sender, place: Place, client: ClientConnection, faults: Faults) {
    this.path = place.entity.path;
    this.mode = link.remote.attach.snd_settle_mode === SETTLED ? "receive-and-delete" : "peek-lock";
    this.session = link.session;
    this.#link = link;
    this.#place = place;
    this.#client = client;
    this.#faults = faults;
    this.#credit = new LinkCredit(link);
    place.entity.attachments.add(this);
    client.links.add(this);
  }

  /** From now on the link gets the messages of a session that it holds. */
  use(session: Session): void {
    this.#session = session;
  }

  get hasSession(): boolean {
    return this.#session !== undefined;
  }

  demand(): number {
    return this.#isOpen ? this.#credit.available : 0;
  }

  deliver(delivery: Delivery): void {
    const { lock } = delivery;
    this.#credit.use();
    const tag = lock === undefined ? undefined : guidBytes(lock.token);
    const sent = this.#link.send(encodeMessage(delivery.message, lock), tag, 0);
    if (lock !== undefined) this.#locks.set(sent, lock);
  }

  sessionLost(): void {
    this.#lostSession = this.#session?.id ?? "";
    this.#session = undefined;
    this.left();
    const { clock } = this.#client;
    const reason = amqpError(sessionLockLost(this.#lostSession));
    clock.timer(() => this.#link.close(reason)).set(clock.now() + DETACH_DELAY);
  }

  detach(reason: Error): void {
    this.end(reason);
  }

  end(error: unknown): void {
    if (!this.#isOpen) return;
    this.left();
    this.#link.close(amqpError(error));
  }

  /** The client has left. Locks of messages stay; the lock of a session is given up. */
  left(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.#place.entity.attachments.delete(this);
    this.#client.links.delete(this);
    if (this.#session !== undefined) this.#place.queue.sessions.leave(this.#session, this);
    this.#closed?.();
  }

  /** Sets what is to be done when the link closes. */
  onceClosed(closed: () => void): void {
    this.#closed = closed;
  }

  /** The client has granted credit, or wants it used up. */
  flow(): void {
    if (!this.#isOpen) return;
    this.#credit.update();
    this.#place.entity.touch();
    if (this.#credit.available > 0) this.#place.queue.wants(this, this.#session);
    if (this.#link._draining) this.#credit.drain();
  }

  /** The client has set the state of a delivery. */
  settle(delivery: OutgoingDelivery): void {
    const lock = this.#locks.get(delivery);
    let state = ACCEPTED;
    try {
      if (this.#lostSession !== undefined) throw sessionLockLost(this.#lostSession);
      if (lock === undefined) throw messageLockLost();
      settle(this.#place.queue, lock, delivery.remote_state);
    } catch (error) {
      if (!(error instanceof EntityError)) throw error;
      state = message.rejected({ error: amqpError(error) }).described();
    }
    this.#faults.settle(this.path, () => {
      delivery.update(true, state);
      // rhea waits for the client to settle too, and a client does not: the delivery would stay for ever.
      delivery.remote_settled = true;
    });
  }
}
