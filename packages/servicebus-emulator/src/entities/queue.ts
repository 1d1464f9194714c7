import type { Clock } from "./clock.ts";
import { type Consumer, WaitingConsumers } from "./consumers.ts";
import { DueMessages } from "./due-messages.ts";
import { EntityError, messageLockLost, messageNotFound } from "./errors.ts";
import type { DeadLetterTarget, Forward, Origin } from "./hand-over.ts";
import { Intake } from "./intake.ts";
import { Leases } from "./leases.ts";
import type { Content, Lock, Message, Properties } from "./message.ts";
import { MessageLog } from "./message-log.ts";
import type { QueueOptions } from "./options.ts";
import { ReadyMessages } from "./ready-messages.ts";
import type { Session } from "./session.ts";
import { Sessions } from "./sessions.ts";

interface Lane {
  readonly ready: ReadyMessages;
  readonly consumers: WaitingConsumers;
}

/** Messages in order, with locks, sessions, schedule and expiry: a queue, a subscription, or their dead letters. */
export class MessageQueue {
  readonly path: string;
  options: QueueOptions;
  readonly sessions: Sessions;
  /** If set, the queue keeps scheduled messages only, and hands every other one on. */
  forward: Forward | undefined;

  readonly #clock: Clock;
  readonly #intake: Intake;
  readonly #deadLetters: DeadLetterTarget | undefined;
  readonly #log = new MessageLog();
  readonly #lane: Lane = { ready: new ReadyMessages(), consumers: new WaitingConsumers() };
  readonly #locks: Leases<Lock>;
  readonly #scheduled: DueMessages;
  readonly #expiring: DueMessages;
  readonly #counts: Record<Message["state"], number> = { active: 0, deferred: 0, scheduled: 0, gone: 0 };
  #lastSequenceNumber = 0;
  #size = 0;

  /** Without `deadLetters` no message is given up: neither for its age nor for its deliveries. */
  constructor(path: string, options: QueueOptions, clock: Clock, deadLetters?: DeadLetterTarget) {
    this.path = path;
    this.options = options;
    this.#clock = clock;
    this.#deadLetters = deadLetters;
    this.#intake = new Intake(this);
    this.#locks = new Leases(clock, (lock) => this.#release(lock, true));
    this.sessions = new Sessions(this, clock, {
      pump: (session) => this.#pump(session),
      giveBack: (session, counted) => this.#giveBack(session, counted),
    });
    this.#scheduled = new DueMessages(
      clock,
      (message) => message.state !== "scheduled",
      (message) => this.#activate(message),
    );
    this.#expiring = new DueMessages(
      clock,
      (message) => message.state === "gone",
      (message) => this.#expireIfFree(message),
    );
  }

  /** In bytes. */
  get size(): number {
    return this.#size;
  }

  /** How many messages are in a state; locked ones are active. */
  count(state: "active" | "deferred" | "scheduled"): number {
    return this.#counts[state];
  }

  /** Takes messages, all or none. A message that is a duplicate is accepted and dropped. Returns sequence numbers. */
  send(contents: readonly Content[]): readonly number[] {
    const now = this.#clock.now();
    this.#intake.check(contents);
    return contents.map((content) =>
      this.#intake.isNew(content, now) ? this.enqueue(content, {}, content.scheduledAt) : 0,
    );
  }

  /** Takes a message from another entity. Throws an `EntityError` if it is refused. */
  receiveForwarded(content: Content, origin: Origin): void {
    // A message without a session id is not refused here: it becomes a dead letter.
    if (content.sessionId !== undefined || !this.options.requiresSession) this.#intake.check([content]);
    if (this.#intake.isNew(content, this.#clock.now())) this.enqueue(content, origin);
  }

  /** Adds a message without a check. Returns its sequence number. */
  enqueue(content: Content, origin: Origin = {}, scheduledAt = 0): number {
    const now = this.#clock.now();
    const sequenceNumber = ++this.#lastSequenceNumber;
    if (scheduledAt <= now && this.forward !== undefined) {
      this.#handOn(content, { ...origin, enqueuedSequenceNumber: origin.enqueuedSequenceNumber ?? sequenceNumber });
      return sequenceNumber;
    }
    const message: Message = {
      content,
      sequenceNumber,
      enqueuedSequenceNumber: origin.enqueuedSequenceNumber ?? sequenceNumber,
      enqueuedAt: now,
      expiresAt: Number.POSITIVE_INFINITY,
      deliveryCount: origin.deliveryCount ?? 0,
      state: scheduledAt > now ? "scheduled" : "active",
      lock: undefined,
      hops: origin.hops ?? 0,
      deadLetterSource: origin.deadLetterSource,
    };
    this.#add(message);
    if (message.state === "scheduled") this.#scheduled.add(scheduledAt, message);
    else this.#makeReady(message);
    return sequenceNumber;
  }

  /** Removes scheduled messages, all or none. */
  cancelScheduled(sequenceNumbers: readonly number[]): void {
    const messages = sequenceNumbers.map((number) => this.#inState(number, "scheduled"));
    for (const message of messages) this.#remove(message);
  }

  /** Messages in any state, from a sequence number on. */
  peek(from: number, count: number, sessionId?: string): readonly Message[] {
    const found: Message[] = [];
    if (count <= 0) return found;
    for (const message of this.#log.from(from)) {
      if (sessionId !== undefined && message.content.sessionId !== sessionId) continue;
      found.push(message);
      if (found.length === count) break;
    }
    return found;
  }

  /** The consumer has demand. In an entity with sessions, it gets messages of the session that it holds. */
  wants(consumer: Consumer, session?: Session): void {
    const lane = session ?? this.#lane;
    lane.consumers.add(consumer);
    this.#pump(lane);
  }

  /** Removes deferred messages, or locks them, all or none. */
  takeDeferred(sequenceNumbers: readonly number[], mode: Consumer["mode"], sessionId?: string): readonly Message[] {
    const messages = sequenceNumbers.map((number) => {
      const message = this.#inState(number, "deferred");
      const isOfSession = sessionId === undefined || message.content.sessionId === sessionId;
      if (message.lock !== undefined || !isOfSession) throw messageNotFound(number);
      return message;
    });
    for (const message of messages) {
      if (mode === "peek-lock") this.#lock(message);
      else this.#remove(message);
    }
    return messages;
  }

  findLock(token: string, sessionId?: string): Lock | undefined {
    if (sessionId !== undefined) return this.sessions.find(sessionId)?.locks.get(token);
    return this.#locks.get(token);
  }

  /** Locks a message for another lock duration. Returns the new end, in ms since 1970. */
  renew(lock: Lock): number {
    this.#assertValid(lock);
    lock.until = this.#clock.now() + this.options.lockDuration;
    this.#locks.set(lock.token, lock);
    return lock.until;
  }

  complete(lock: Lock): void {
    this.#assertValid(lock);
    this.#remove(lock.message);
  }

  abandon(lock: Lock, changes?: Properties): void {
    this.#assertValid(lock);
    this.#change(lock.message, changes);
    this.#release(lock, true);
  }

  /** Gives a message back as if it had not been handed over. */
  release(lock: Lock): void {
    this.#assertValid(lock);
    this.#release(lock, false);
  }

  defer(lock: Lock, changes?: Properties): void {
    this.#assertValid(lock);
    const { message } = lock;
    this.#change(message, changes);
    this.#unlock(lock);
    this.#setState(message, "deferred");
    message.deliveryCount++;
    this.#expireIfFree(message);
  }

  deadLetter(lock: Lock, reason: string | undefined, description: string | undefined, changes?: Properties): void {
    this.#assertValid(lock);
    this.#change(lock.message, changes);
    this.#deadLetter(lock.message, reason, description);
  }

  /** Ends all locks, as if their time were over. */
  loseLocks(): void {
    this.#locks.expireAll();
    this.sessions.loseAll();
  }

  /** The entity is gone. */
  dispose(): void {
    this.#locks.clear();
    this.#scheduled.clear();
    this.#expiring.clear();
    this.sessions.dispose();
  }

  #sessionOf({ content }: Message): Session | undefined {
    if (!this.options.requiresSession || content.sessionId === undefined) return undefined;
    return this.sessions.get(content.sessionId);
  }

  #add(message: Message): void {
    this.#log.add(message);
    this.#counts[message.state]++;
    this.#size += message.content.size;
    const session = this.#sessionOf(message);
    if (session !== undefined) session.messageCount++;
  }

  #remove(message: Message): void {
    this.#log.remove(message);
    this.#size -= message.content.size;
    if (message.lock !== undefined) this.#unlock(message.lock);
    const wasScheduled = message.state === "scheduled";
    this.#setState(message, "gone");
    this.#counts.gone--;
    if (wasScheduled) this.#scheduled.becameStale();
    if (message.expiresAt !== Number.POSITIVE_INFINITY) this.#expiring.becameStale();
    const session = this.#sessionOf(message);
    if (session === undefined) return;
    session.messageCount--;
    this.sessions.forgetIfEmpty(session);
  }

  #setState(message: Message, state: Message["state"]): void {
    this.#counts[message.state]--;
    message.state = state;
    this.#counts[state]++;
  }

  /** The time of a scheduled message has come: it is enqueued as if it were sent now. */
  #activate(message: Message): void {
    this.#remove(message);
    const { enqueuedSequenceNumber, deliveryCount, hops } = message;
    this.enqueue(message.content, { enqueuedSequenceNumber, deliveryCount, hops });
  }

  #makeReady(message: Message): void {
    if (this.#deadLetters !== undefined) {
      const timeToLive = Math.min(
        message.content.timeToLive ?? this.options.defaultTimeToLive,
        this.options.defaultTimeToLive,
      );
      message.expiresAt = message.enqueuedAt + timeToLive;
      if (message.expiresAt !== Number.POSITIVE_INFINITY) this.#expiring.add(message.expiresAt, message);
    }
    if (this.options.requiresSession && message.content.sessionId === undefined) {
      this.#deadLetter(message, "Session id is null.", "Session id is null.");
      return;
    }
    (this.#sessionOf(message) ?? this.#lane).ready.addFresh(message);
    this.#serve(message);
  }

  #serve(message: Message): void {
    const session = this.#sessionOf(message);
    if (session === undefined) this.#pump(this.#lane);
    else if (session.holder !== undefined) this.#pump(session);
    else this.sessions.offer(session);
  }

  #pump(lane: Lane): void {
    for (;;) {
      const message = lane.ready.peek();
      if (message === undefined) return;
      if (message.expiresAt <= this.#clock.now()) {
        this.#expireIfFree(message);
        continue;
      }
      const consumer = lane.consumers.next();
      if (consumer === undefined) return;
      lane.ready.take();
      if (consumer.mode === "peek-lock") {
        consumer.deliver({ message, lock: this.#lock(message) });
      } else {
        this.#remove(message);
        consumer.deliver({ message, lock: undefined });
      }
    }
  }

  #lock(message: Message): Lock {
    const session = this.#sessionOf(message);
    const until = session === undefined ? this.#clock.now() + this.options.lockDuration : session.until;
    const lock = { token: crypto.randomUUID(), message, until };
    message.lock = lock;
    if (session === undefined) this.#locks.set(lock.token, lock);
    else session.locks.set(lock.token, lock);
    return lock;
  }

  #unlock(lock: Lock): void {
    lock.message.lock = undefined;
    this.#locks.delete(lock.token);
    this.#sessionOf(lock.message)?.locks.delete(lock.token);
  }

  #assertValid(lock: Lock): void {
    if (lock.message.lock !== lock) throw messageLockLost();
  }

  /** Ends a lock without a settlement. */
  #release(lock: Lock, counted: boolean): void {
    const { message } = lock;
    this.#unlock(lock);
    if (counted) message.deliveryCount++;
    if (this.#expireIfFree(message)) return;
    const { maxDeliveryCount } = this.options;
    if (this.#deadLetters !== undefined && message.deliveryCount >= maxDeliveryCount) {
      this.#deadLetter(
        message,
        "MaxDeliveryCountExceeded",
        `Message could not be consumed after ${maxDeliveryCount} delivery attempts.`,
      );
      return;
    }
    if (message.state !== "active") return;
    (this.#sessionOf(message) ?? this.#lane).ready.addReturned(message);
    this.#serve(message);
  }

  #giveBack(session: Session, counted: boolean): void {
    for (const lock of [...session.locks.values()]) this.#release(lock, counted);
  }

  /** Returns whether the message was given up because of its age. */
  #expireIfFree(message: Message): boolean {
    if (message.expiresAt > this.#clock.now() || message.lock !== undefined || message.state === "gone") return false;
    if (this.options.deadLetterOnExpiration) {
      this.#deadLetter(message, "TTLExpiredException", "The message expired and was dead lettered.");
    } else {
      this.#remove(message);
    }
    return true;
  }

  #deadLetter(message: Message, reason: string | undefined, description: string | undefined): void {
    this.#remove(message);
    const content = message.content.withProperties({
      ...(reason === undefined ? {} : { DeadLetterReason: reason }),
      ...(description === undefined ? {} : { DeadLetterErrorDescription: description }),
    });
    const { enqueuedSequenceNumber, deliveryCount, hops } = message;
    const origin = { enqueuedSequenceNumber, deliveryCount, hops };
    if (this.#deadLetters === undefined) this.enqueue(content, origin);
    else this.#deadLetters.deadLetter(content, origin);
  }

  #handOn(content: Content, origin: Origin): void {
    try {
      this.forward?.(content, { ...origin, hops: (origin.hops ?? 0) + 1 });
    } catch (error) {
      if (!(error instanceof EntityError)) throw error;
      const reasons = { DeadLetterReason: error.code, DeadLetterErrorDescription: error.message };
      this.#deadLetters?.transferDeadLetter(content.withProperties(reasons), origin);
    }
  }

  #change(message: Message, changes: Properties | undefined): void {
    if (changes === undefined || Object.keys(changes).length === 0) return;
    this.#size -= message.content.size;
    message.content = message.content.withProperties(changes);
    this.#size += message.content.size;
  }

  #inState(sequenceNumber: number, state: Message["state"]): Message {
    const message = this.#log.get(sequenceNumber);
    if (message?.state !== state) throw messageNotFound(sequenceNumber);
    return message;
  }
}
