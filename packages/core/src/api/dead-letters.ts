import type { Selection } from "../contract/dead-letters.ts";

/** A message that was given up. */
export interface DeadLetter {
  /** Names it for `replay` and `remove`. */
  readonly deadLetterId: string;
  readonly id: string | undefined;
  readonly bytes: Uint8Array;
  readonly key: string | undefined;
  readonly headers: Readonly<Record<string, string>>;
  readonly type: string | undefined;
  readonly contentType: string | undefined;
  readonly correlationId: string | undefined;
  readonly replyTo: string | undefined;
  readonly sentAt: Date | undefined;
  /** Attempts made; undefined when the broker gave it up by itself. */
  readonly attempts: number | undefined;
  readonly reason: string | undefined;
  readonly error: string | undefined;
  readonly source: string | undefined;
  readonly at: Date | undefined;
  readonly native: unknown;
}

/** The dead letters of one queue or durable subscription. */
export interface DeadLetters {
  count(options?: { readonly signal?: AbortSignal }): Promise<number>;
  /** Looks at them, oldest first, and changes nothing. @default limit 100 */
  list(options?: {
    readonly limit?: number;
    readonly after?: string;
    readonly signal?: AbortSignal;
  }): AsyncIterable<DeadLetter>;
  /** Gives them to the same queue or subscription again, as new attempts. Answers how many. */
  replay(selection: Selection, options?: { readonly signal?: AbortSignal }): Promise<number>;
  /** Answers how many went. */
  remove(selection: Selection, options?: { readonly signal?: AbortSignal }): Promise<number>;
}
