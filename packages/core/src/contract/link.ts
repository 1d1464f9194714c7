import type { Refinement } from "./capabilities.ts";
import type { DeadLetterStore } from "./dead-letters.ts";
import type { Destination, Drift, Entity, SourceEntity } from "./entities.ts";
import type { Delivery, OutgoingMessage, Report } from "./message.ts";
import type { OpenOptions, Source } from "./source.ts";

/** What is known of the server at the other end. */
export interface ServerInfo {
  readonly product: string;
  readonly version: string;
  readonly capabilities: Refinement;
}

/** How many messages there are. Undefined: the broker does not say. */
export interface Stats {
  readonly ready: number | undefined;
  readonly delayed: number | undefined;
  readonly inFlight: number | undefined;
  readonly dead: number | undefined;
}

/** What a driver says of a link that stands. */
export interface LinkHealth {
  /** Why it works only in part: a resource alarm, a setting that costs durability. */
  readonly degraded: string | undefined;
  readonly details: Readonly<Record<string, string | number | boolean>>;
}

/**
 * One life of a connection. When it ends, everything that came from it is void; the core then opens the next one.
 */
export interface Link<N = unknown> {
  readonly server: ServerInfo;
  /** The typed client, for what anybroker does not offer. */
  readonly native: N;
  /**
   * Resolves with the reason when this life has ended, by itself or after `close`; only then where the client connects
   * again by itself and tells nobody. Never rejects.
   */
  readonly lost: Promise<unknown>;
  /**
   * How much may be in flight to the broker at once; `batches` bounds the calls of `send` that run at once, where a
   * call costs more than a message: what comes meanwhile waits and goes together. Undefined: any number.
   */
  readonly window: { readonly messages: number; readonly bytes: number; readonly batches?: number };
  /**
   * Makes sure that the entities exist (`create`), or compares them (`verify`). Idempotent; parents come first. Ephemeral
   * subscriptions are not among them: each begins when its source opens.
   */
  declare(entities: readonly Entity[], mode: "create" | "verify", signal: AbortSignal): Promise<readonly Drift[]>;
  /**
   * Sends a batch, in its order, and reports each message once, as soon as its fate is known. Settles only after the
   * last report; if it rejects or ends early, what was not reported failed with that error and its outcome is unknown.
   * Called again while earlier calls are running.
   */
  send(destination: Destination, batch: readonly OutgoingMessage[], report: Report, signal: AbortSignal): Promise<void>;
  /** Starts reading. `lost` is called with deliveries that `receive` answered and that are no longer ours. */
  open(
    source: SourceEntity,
    options: OpenOptions,
    lost: (deliveries: readonly Delivery[]) => void,
    signal: AbortSignal,
  ): Promise<Source>;
  stats(source: SourceEntity, signal: AbortSignal): Promise<Stats>;
  deadLetters(source: SourceEntity): DeadLetterStore;
  health(signal: AbortSignal): Promise<LinkHealth>;
  /** Ends this life in good order. */
  close(signal: AbortSignal): Promise<void>;
}
