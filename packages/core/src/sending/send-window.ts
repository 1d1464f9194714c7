import type { Link } from "../contract/link.ts";

/** How much may wait to be sent. Sizes are bytes. */
export interface SendBuffer {
  readonly messages: number;
  readonly bytes: number;
}

/** What wants to send through the window. */
export interface WindowUser {
  /** Whether it has messages that only need room. */
  readonly needsRoom: boolean;
  /** Hands over what there is room for. Returns how many messages. */
  flush(): number;
}

/** What is in flight on one link, against its bounds. */
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
 * Bounds what is in flight to the broker, and shares the room among destinations: those that got none come before those
 * that got some.
 */
export class SendWindow {
  readonly #buffer: SendBuffer;
  readonly #links = new WeakMap<Link, LinkWindow>();
  /** Users with something to hand over. Those that got no room the last time come first. */
  #due = new Set<WindowUser>();
  #scheduled = false;

  constructor(buffer: SendBuffer) {
    this.#buffer = buffer;
  }

  of(link: Link): LinkWindow {
    const known = this.#links.get(link);
    if (known !== undefined) return known;
    const window = new LinkWindow(link.window, this.#buffer);
    this.#links.set(link, window);
    return window;
  }

  /** Flushes the user after everything else that is sent in this turn of the event loop: group commit. */
  request(user: WindowUser): void {
    this.#due.add(user);
    this.shareRoom();
  }

  /** There may be room again. */
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
