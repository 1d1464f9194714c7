import type { Socket } from "node:net";

/** One direction of a connection: bytes from one socket go to the other, in order, with the latency that is set. */
class Direction {
  readonly #from: Socket;
  readonly #to: Socket;
  #held = false;
  #late = 0;
  #lastDue = 0;

  /** `allowance` returns how many bytes of a chunk may pass. A chunk that may not pass whole is the connection's last. */
  constructor(from: Socket, to: Socket, latency: () => number, allowance: (bytes: number) => number, last: () => void) {
    this.#from = from;
    this.#to = to;
    from.on("data", (chunk) => {
      const allowed = allowance(chunk.length);
      if (allowed === chunk.length) return this.#later(latency(), () => this.#write(chunk));
      this.hold();
      to.write(chunk.subarray(0, allowed), last);
    });
    from.on("end", () => this.#later(latency(), () => to.end()));
    to.on("drain", () => this.#resume());
  }

  #later(ms: number, act: () => void): void {
    const now = performance.now();
    const due = Math.max(now + ms, this.#lastDue);
    if (due <= now && this.#late === 0) return act();
    this.#lastDue = due;
    this.#late += 1;
    setTimeout(() => {
      this.#late -= 1;
      act();
    }, due - now);
  }

  #write(chunk: Buffer): void {
    if (!this.#to.write(chunk)) this.#from.pause();
  }

  #resume(): void {
    if (!this.#held) this.#from.resume();
  }

  hold(): void {
    this.#held = true;
    this.#from.pause();
  }

  release(): void {
    this.#held = false;
    if (!this.#to.writableNeedDrain) this.#from.resume();
  }
}

/** One connection through the proxy. */
export class ProxiedConnection {
  readonly closed: Promise<void>;
  readonly #sockets: readonly [Socket, Socket];
  readonly #directions: readonly [Direction, Direction];
  #abandoned = false;

  constructor(client: Socket, server: Socket, latency: () => number, allowance: (bytes: number) => number) {
    this.#sockets = [client, server];
    const direction = (from: Socket, to: Socket): Direction =>
      new Direction(from, to, latency, allowance, () => this.cut());
    this.#directions = [direction(client, server), direction(server, client)];
    const ended = this.#sockets.map(
      (socket) => new Promise<void>((resolve) => socket.on("error", () => undefined).once("close", () => resolve())),
    );
    this.closed = Promise.all(ended).then(() => undefined);
    // When one side breaks, the other is reset too, except after `abandon`.
    for (const socket of this.#sockets) {
      socket.once("close", (broken) => {
        if (broken && !this.#abandoned) this.cut();
      });
    }
  }

  cut(): void {
    for (const socket of this.#sockets) {
      // A socket that has sent its end cannot be reset, and `resetAndDestroy` would never close it.
      if (socket.writableEnded) socket.destroy();
      else socket.resetAndDestroy();
    }
  }

  stall(): void {
    for (const direction of this.#directions) direction.hold();
  }

  flow(): void {
    if (this.#abandoned) return;
    for (const direction of this.#directions) direction.release();
  }

  abandon(): void {
    this.#abandoned = true;
    this.stall();
  }
}
