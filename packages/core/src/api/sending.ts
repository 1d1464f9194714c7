import type { BrokerError } from "../base/errors.ts";
import type { Declared, If } from "../contract/capabilities.ts";

/** Options of a send. All numbers are integers. */
export interface SendOptions<C extends Declared = Declared> {
  /** The message's id: 1 to 128 printable ASCII characters. @default a UUIDv7 */
  readonly id?: string | undefined;
  /**
   * Groups messages: 1 to 128 bytes. On an ordered destination, messages of one key are handled one after the other. An
   * ordered queue requires a key.
   */
  readonly key?: string | undefined;
  /**
   * Headers. A name is up to 128 lower case letters, digits, `.`, `_` and `-`, and begins with a letter or digit. A
   * value is a string. Names that begin with `anybroker-` are reserved. For CloudEvents in binary mode a name may begin
   * with `cloudEvents:`, where the broker can carry the colon.
   */
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** The kind of message, in the application's terms: 1 to 128 bytes. */
  readonly type?: string | undefined;
  /** The message or conversation that this message belongs to: 1 to 128 bytes. */
  readonly correlationId?: string | undefined;
  /** Where a reply is expected: 1 to 128 bytes. */
  readonly replyTo?: string | undefined;
  /**
   * The shortest time until the message is delivered, in milliseconds. `capabilities.limits.delay` is the longest one
   * that the broker keeps.
   */
  readonly delay?: If<C, "delay.send", number> | undefined;
  /** The earliest time at which the message is delivered. Cannot be combined with `delay`. */
  readonly deliverAt?: If<C, "delay.send", Date> | undefined;
  /**
   * How long the message is valid, in milliseconds: from 1 to 100 years. After that it is discarded, and not delivered or
   * retried.
   */
  readonly ttl?: If<C, "ttl", number> | undefined;
  /** The priority, from 0 (lowest) to 9. @default 4 */
  readonly priority?: If<C, "priority", number> | undefined;
  /** Cancels the send, which rejects with `CANCELLED`. */
  readonly signal?: AbortSignal | undefined;
  /** How long the send may take, retries included, in milliseconds: from 1 to 86 400 000 (a day). @default 30 000 */
  readonly timeout?: number | undefined;
}

/** Options of a publish. All numbers are integers. */
export type PublishOptions<C extends Declared = Declared> = Omit<SendOptions<C>, "delay" | "deliverAt"> & {
  /**
   * The shortest time until the message is delivered, in milliseconds. `capabilities.limits.publishDelay` is the longest
   * one that the broker keeps.
   */
  readonly delay?: If<C, "delay.publish", number> | undefined;
  /** The earliest time at which the message is delivered. Cannot be combined with `delay`. */
  readonly deliverAt?: If<C, "delay.publish", Date> | undefined;
};

/** The result of a send that the broker has accepted. */
export interface Receipt {
  /** The message's id. */
  readonly id: string;
}

/** The result for one message of a batch. */
export interface BatchResult {
  /** The message's id. */
  readonly id: string;
  /** Why the message failed; undefined if the broker has stored it. */
  readonly error: BrokerError | undefined;
}
