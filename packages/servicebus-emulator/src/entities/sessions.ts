import type { Clock } from "./clock.ts";
import { EntityError, sessionLockLost } from "./errors.ts";
import { Fifo } from "./fifo.ts";
import { Leases } from "./leases.ts";
import type { QueueOptions } from "./options.ts";
import { Session, type SessionHolder } from "./session.ts";

/** What a table of sessions asks of its queue. */
interface SessionEvents {
  /** Hands messages of the session to its consumer. */
  pump(session: Session): void;
  /** Makes messages of the session ready again that its holder had. */
  giveBack(session: Session, counted: boolean): void;
}

/** A holder that waits for any session. */
interface Waiter {
  readonly holder: SessionHolder;
  readonly granted: (session: Session) => void;
  isWaiting: boolean;
}

/** The sessions of an entity: who holds which one, and which may be accepted. */
export class Sessions {
  readonly #entity: { readonly options: QueueOptions };
  readonly #clock: Clock;
  readonly #events: SessionEvents;
  readonly #sessions = new Map<string, Session>();
  readonly #acceptable = new Fifo<Session>();
  readonly #waiters = new Fifo<Waiter>();
  readonly #held: Leases<Session>;

  constructor(entity: { readonly options: QueueOptions }, clock: Clock, events: SessionEvents) {
    this.#entity = entity;
    this.#clock = clock;
    this.#events = events;
    this.#held = new Leases(clock, (session) => this.#lose(session));
  }

  find(id: string): Session | undefined {
    return this.#sessions.get(id);
  }

  get(id: string): Session {
    let session = this.#sessions.get(id);
    if (session === undefined) {
      session = new Session(id);
      this.#sessions.set(id, session);
    }
    return session;
  }

  /** Locks a session by its id, also one without messages. Throws if another holder has it. */
  accept(id: string, holder: SessionHolder): Session {
    const session = this.get(id);
    if (session.holder !== undefined) {
      throw new EntityError(
        "session-cannot-be-locked",
        `The requested session '${id}' cannot be accepted. It may be locked by another receiver.`,
      );
    }
    this.#grant(session, holder);
    return session;
  }

  /** Locks a session that has messages, as soon as there is one. Returns a function that ends the wait. */
  acceptNext(holder: SessionHolder, granted: (session: Session) => void): () => void {
    for (let session = this.#acceptable.shift(); session !== undefined; session = this.#acceptable.shift()) {
      session.isListed = false;
      if (session.holder !== undefined) continue;
      if (session.ready.peek() === undefined) {
        this.forgetIfEmpty(session);
        continue;
      }
      this.#grant(session, holder);
      granted(session);
      return () => undefined;
    }
    const waiter: Waiter = { holder, granted, isWaiting: true };
    this.#waiters.push(waiter);
    return () => {
      waiter.isWaiting = false;
    };
  }

  /** A session without a holder has a message that is ready. */
  offer(session: Session): void {
    if (session.isListed || session.holder !== undefined) return;
    for (let waiter = this.#waiters.shift(); waiter !== undefined; waiter = this.#waiters.shift()) {
      if (!waiter.isWaiting) continue;
      this.#grant(session, waiter.holder);
      waiter.granted(session);
      return;
    }
    session.isListed = true;
    this.#acceptable.push(session);
  }

  /** Locks a session for another lock duration. Returns the new end, in ms since 1970. */
  renew(id: string): number {
    const session = this.#sessions.get(id);
    if (session?.holder === undefined) throw sessionLockLost(id);
    this.#extend(session);
    return session.until;
  }

  /** The holder goes. What it did not settle is ready again, and that does not count as a delivery. */
  leave(session: Session, holder: SessionHolder): void {
    if (session.holder !== holder) return;
    this.#held.delete(session.id);
    this.#free(session, false);
  }

  /** Sets what consumers of the session have to remember; undefined removes it. */
  setState(id: string, state: Uint8Array | undefined): void {
    const session = this.get(id);
    session.state = state;
    session.stateSetAt = this.#clock.now();
    this.forgetIfEmpty(session);
  }

  /** Session ids: of those with messages, or of those whose state was set after a time. */
  list(stateSetAfter: number | undefined): readonly string[] {
    const found: string[] = [];
    for (const session of this.#sessions.values()) {
      const isListed =
        stateSetAfter === undefined
          ? session.messageCount > 0
          : session.state !== undefined && session.stateSetAt > stateSetAfter;
      if (isListed) found.push(session.id);
    }
    return found;
  }

  forgetIfEmpty(session: Session): void {
    const isUsed = session.messageCount > 0 || session.holder !== undefined || session.state !== undefined;
    if (!isUsed && !session.isListed) this.#sessions.delete(session.id);
  }

  /** Ends all locks, as if their time were over. */
  loseAll(): void {
    this.#held.expireAll();
  }

  dispose(): void {
    this.#held.clear();
  }

  #grant(session: Session, holder: SessionHolder): void {
    session.holder = holder;
    this.#extend(session);
  }

  #extend(session: Session): void {
    session.until = this.#clock.now() + this.#entity.options.lockDuration;
    for (const lock of session.locks.values()) lock.until = session.until;
    this.#held.set(session.id, session);
  }

  #lose(session: Session): void {
    session.holder?.sessionLost();
    this.#free(session, true);
  }

  #free(session: Session, counted: boolean): void {
    // The session is still held while its messages come back: it is offered once all of them are there.
    this.#events.giveBack(session, counted);
    session.holder = undefined;
    if (session.ready.peek() === undefined) this.forgetIfEmpty(session);
    else this.offer(session);
  }
}
