import type { Refinement } from "./capabilities.ts";
import type { DeadLetterStore } from "./dead-letters.ts";
import type { Destination, Drift, Entity, SourceEntity } from "./entities.ts";
import type { Delivery, OutgoingMessage, ReportOutcome } from "./message.ts";
import type { OpenOptions, Source } from "./source.ts";

/** How to treat entities that are missing or differ. */
export type DeclareMode = "create" | "apply" | "verify";

/** The server that a link is connected to. */
export interface ServerInfo {
  readonly product: string;
  readonly version: string;
  readonly capabilities: Refinement;
}

/** Message counts of a queue or subscription. A count is undefined if the broker does not tell it. */
export interface Stats {
  /** Messages that could be delivered now. */
  readonly ready: number | undefined;
  /** Messages that wait for their time, or for their next attempt. */
  readonly delayed: number | undefined;
  /** Messages that consumers hold. */
  readonly inFlight: number | undefined;
  /** Dead letters. */
  readonly dead: number | undefined;
}

/** The health of an open link. */
export interface LinkHealth {
  /**
   * Why the link is degraded, for example by a resource alarm or a setting that costs durability; undefined if it is
   * not.
   */
  readonly degraded: string | undefined;
  readonly details: Readonly<Record<string, string | number | boolean>>;
}

/** Takes deliveries that a consumer no longer holds. */
export type OnLost = (deliveries: readonly Delivery[]) => void;

/**
 * One connection to the server, from `connect` until it is lost or closed. When a link ends, everything that came from
 * it is void: sources, deliveries and declarations. The core then opens the next link.
 */
export interface Link<N = unknown> {
  readonly server: ServerInfo;
  /** The client object, for features that anybroker does not offer. */
  readonly native: N;
  /**
   * Resolves with the reason when the link has ended, by itself or after `close`. Never rejects. Where the client
   * reconnects by itself without reporting it, this resolves only after `close`.
   */
  readonly lost: Promise<unknown>;
  /**
   * How much may be in flight to the broker at once, in messages and bytes. `batches` limits how many calls of `send`
   * run at once, for brokers where a call costs more than a message: what is sent meanwhile waits for the next batch.
   * If it is undefined there is no such limit.
   */
  readonly window: { readonly messages: number; readonly bytes: number; readonly batches?: number | undefined };
  /**
   * Creates the entities that do not exist (`create`), or compares them with those that do (`verify`). Returns every
   * difference. With `apply` it does the same as `create`, but stores the filter of a subscription in place of another
   * one, which is no difference then. Idempotent. A topic comes before its subscriptions. Ephemeral subscriptions are never declared: each
   * begins when its source opens.
   */
  declare(entities: readonly Entity[], mode: DeclareMode, signal: AbortSignal): Promise<readonly Drift[]>;
  /**
   * Sends a batch in its order, and reports each message once, as soon as the broker has accepted or refused it. The
   * promise settles only after the last report. If it settles before, each message without a report counts as failed
   * with an unknown outcome. Calls may overlap.
   */
  send(
    destination: Destination,
    batch: readonly OutgoingMessage[],
    report: ReportOutcome,
    signal: AbortSignal,
  ): Promise<void>;
  /**
   * Opens a source. The driver calls `lost` with deliveries that `receive` returned and that this consumer no longer
   * holds, because a lease, session or partition was lost.
   */
  open(source: SourceEntity, options: OpenOptions, lost: OnLost, signal: AbortSignal): Promise<Source>;
  /** Counts the messages of a queue or subscription. */
  stats(source: SourceEntity, signal: AbortSignal): Promise<Stats>;
  /** Returns the dead letters of a queue or durable subscription, without any request. */
  deadLetters(source: SourceEntity): DeadLetterStore;
  /**
   * Deletes entities with everything of theirs: messages, delayed messages, dead letters, return queues and the places of
   * their consumers. Only the names of the entities count, not their options. A topic goes with the subscriptions that
   * the driver finds; where it cannot find them and some are left, it rejects and the topic stays. A missing entity is
   * not an error. Without the right it rejects, with an error that names the entity and the right. Needed with the capability
   * `delete`.
   */
  readonly remove?: ((entities: readonly Entity[], signal: AbortSignal) => Promise<void>) | undefined;
  /**
   * Drops what is ready or delayed. What consumers hold stays, and so do dead letters and what a topic keeps for future
   * subscriptions. A topic stands for its delayed messages and all its durable subscriptions; where the driver cannot
   * find these, it rejects. A missing entity is not an error, and is not created. Needed with the capability `purge`.
   */
  readonly purge?: ((entities: readonly Entity[], signal: AbortSignal) => Promise<void>) | undefined;
  /** Asks the server how it is. */
  health(signal: AbortSignal): Promise<LinkHealth>;
  /** Closes the connection gracefully. */
  close(signal: AbortSignal): Promise<void>;
}
