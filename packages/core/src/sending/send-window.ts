import type { Link } from "../contract/link.ts";

/** How many messages and bytes may be sent but not yet accepted. */
export interface SendBuffer {
  readonly messages: number;
  readonly bytes: number;
}

/** A user of the window: a lane. */
export interface WindowUser {
  /** Whether the user has messages that wait for nothing but room. */
  readonly needsRoom: boolean;
  /** Hands as many messages to the driver as there is room for. Returns how many. */
  flush(): number;
}

/** Counts what is in flight on one link, and compares it with the limits. */
export class LinkWindow {
  readonly #maxMessages: number;
  readonly #maxBytes: number;
  readonly #maxBatches: number;
  #messages = 0;
  #bytes = 0;
  #batches = 0;

  constructor({ messages, bytes, batches = Number.POSITIVE_INFINITY }: Link["window"], buffer: SendBuffer) {
    this.#maxMessages = Math.min(messages, buffer.messages);
    this.#maxBytes = Math.min(bytes, buffer.bytes);
    this.#maxBatches = batches;
  }

  get hasRoom(): boolean {
    return this.#messages < this.#maxMessages && this.#bytes < this.#maxBytes && this.#batches < this.#maxBatches;
  }

  get freeMessages(): number {
    return this.#maxMessages - this.#messages;
  }

  get freeBytes(): number {
    return this.#maxBytes - this.#bytes;
  }

  batchStarted(messages: number, bytes: number): void {
    this.#batches += 1;
    this.#messages += messages;
    this.#bytes += bytes;
  }

  messageDone(bytes: number): void {
    this.#messages -= 1;
    this.#bytes -= bytes;
  }

  batchDone(): void {
    this.#batches -= 1;
  }
}

/**
 * Limits what is in flight to the broker, and shares the room among the users fairly: one that got no room comes before
 * those that got some.
 */
export class SendWindow {
  readonly #buffer: SendBuffer;
  readonly #links = new WeakMap<Link, LinkWindow>();
  /** The users with messages to send. Those that got no room the last time come first. */
  #due = new Set<WindowUser>();
  #scheduled = false;

  constructor(buffer: SendBuffer) {
    this.#buffer = buffer;
  }

  /** Returns the window of a link. */
  of(link: Link): LinkWindow {
    const known = this.#links.get(link);
    if (known !== undefined) return known;
    const window = new LinkWindow(link.window, this.#buffer);
    this.#links.set(link, window);
    return window;
  }

  /** Flushes the user in a microtask, so that everything sent in this turn of the event loop goes in one batch. */
  request(user: WindowUser): void {
    this.#due.add(user);
    this.shareRoom();
  }

  /** Flushes the waiting users, because there may be room again. */
  shareRoom(): void {
    if (this.#scheduled || this.#due.size === 0) return;
    this.#scheduled = true;
    queueMicrotask(() => {
      this.#scheduled = false;
      const users = this.#due;
      this.#due = new Set();
      const served: WindowUser[] = [];
      for (const user of users) {
        if (user.flush() > 0) served.push(user);
        else if (user.needsRoom) this.#due.add(user);
      }
      for (const user of served) if (user.needsRoom) this.#due.add(user);
    });
  }
}
