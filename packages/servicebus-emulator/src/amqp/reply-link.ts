import { Fifo } from "../entities/fifo.ts";
import { LinkCredit } from "./credit.ts";
import type { Sender } from "./rhea.ts";

/** A link on which a client receives answers to its requests. */
export class ReplyLink {
  /** The node that answers: `$cbs`, or the management node of an entity. */
  readonly node: string;
  readonly #link: Sender;
  readonly #credit: LinkCredit;
  readonly #waiting = new Fifo<Buffer>();

  constructor(link: Sender, node: string) {
    this.node = node;
    this.#link = link;
    this.#credit = new LinkCredit(link);
  }

  /** The client has granted credit, or wants it used up. */
  flow(): void {
    this.#credit.update();
    this.#flush();
    if (this.#link._draining) this.#credit.drain();
  }

  /** Sends an encoded message as soon as the client takes it. */
  send(answer: Buffer): void {
    this.#waiting.push(answer);
    this.#flush();
  }

  #flush(): void {
    while (this.#credit.available > 0) {
      const answer = this.#waiting.shift();
      if (answer === undefined) return;
      this.#credit.use();
      this.#link.send(answer, undefined, 0);
    }
  }
}
