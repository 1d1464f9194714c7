import type { Sender } from "./rhea.ts";

/** How many messages a client takes on a link. rhea counts a message only when its frames are written. */
export class LinkCredit {
  readonly #sender: Sender;
  #available = 0;
  #sent = 0;
  #drain = false;

  constructor(sender: Sender) {
    this.#sender = sender;
    // rhea asks this when it writes a flow: whether the credit has been used up because the client wanted it so.
    sender._get_drain = () => this.#useUp();
  }

  get available(): number {
    return this.#available;
  }

  /** The client has granted credit. */
  update(): void {
    const unwritten = this.#sent - this.#sender.delivery_count;
    this.#available = Math.max(this.#sender.credit - unwritten, 0);
    if (this.#drain) this.#sender.issue_flow = true;
  }

  use(): void {
    this.#available--;
    this.#sent++;
  }

  /** Gives back what is left, as soon as everything sent has been written. */
  drain(): void {
    this.#available = 0;
    this.#drain = true;
    this.#sender.issue_flow = true;
    this.#sender.connection._register();
  }

  #useUp(): boolean {
    const isWritten = this.#sent === this.#sender.delivery_count;
    if (!this.#drain || !isWritten) return false;
    this.#drain = false;
    this.#sent += this.#sender.credit;
    this.#sender.delivery_count = this.#sent;
    this.#sender.credit = 0;
    return true;
  }
}
