import { WaitingConsumers } from "./consumers.ts";
import type { Lock } from "./message.ts";
import { ReadyMessages } from "./ready-messages.ts";

/** A consumer that holds the lock of a session. */
export interface SessionHolder {
  /** The lock ran out. The holder's consumer has no demand from now on. */
  sessionLost(): void;
}

/** Messages with one session id, of which one consumer at a time gets any. */
export class Session {
  readonly id: string;
  readonly ready: ReadyMessages = new ReadyMessages();
  readonly consumers: WaitingConsumers = new WaitingConsumers();
  /** The locks of messages that the holder has, by token. They last as long as the session's lock. */
  readonly locks: Map<string, Lock> = new Map();
  holder: SessionHolder | undefined;
  /** When the holder's lock ends, in ms since 1970. */
  until = 0;
  state: Uint8Array | undefined;
  /** When the state was set last, in ms since 1970. */
  stateSetAt = 0;
  /** How many messages of the session the entity has, in any state. */
  messageCount = 0;
  /** Whether the session is in the list of those that may be accepted. */
  isListed = false;

  constructor(id: string) {
    this.id = id;
  }
}
