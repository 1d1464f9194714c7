import type { BrokerError } from "../base/errors.ts";
import type { Declared, If } from "../contract/capabilities.ts";

/** Options of each message. */
export interface SendOptions<C extends Declared = Declared> {
  /** 1–128 printable ASCII characters. @default a UUIDv7 */
  readonly id?: string;
  /** Groups messages; on an ordered destination those of one key are handled one after the other. 1–128 bytes. */
  readonly key?: string;
  /** Names are lower case; values are text. */
  readonly headers?: Readonly<Record<string, string>>;
  /** What the message is, in the application's words: 1–128 bytes. */
  readonly type?: string;
  /** Which message or conversation it belongs to. 1–128 bytes. */
  readonly correlationId?: string;
  /** Where an answer is expected. 1–128 bytes. */
  readonly replyTo?: string;
  /** Not handed out before this long from now. */
  readonly delay?: If<C, "delay.send", number>;
  /** Not handed out before this time. Excludes `delay`. */
  readonly deliverAt?: If<C, "delay.send", Date>;
  /** Discarded when not handed out within this long from now. */
  readonly ttl?: If<C, "ttl", number>;
  /** 0 (lowest) to 9. @default 4 */
  readonly priority?: If<C, "priority", number>;
  /** Stops waiting: the send rejects with `CANCELLED`. */
  readonly signal?: AbortSignal;
  /** How long the send may take, tries included. @default 30 000 */
  readonly timeout?: number;
}

/** Options of each published message. */
export type PublishOptions<C extends Declared = Declared> = Omit<SendOptions<C>, "delay" | "deliverAt"> & {
  readonly delay?: If<C, "delay.publish", number>;
  readonly deliverAt?: If<C, "delay.publish", Date>;
};

/** What a send answers. */
export interface Receipt {
  readonly id: string;
}

/** What became of one message of a batch. */
export interface BatchResult {
  readonly id: string;
  /** Undefined: the broker has it. */
  readonly error: BrokerError | undefined;
}
