import type { Clock } from "../base/clock.ts";
import type { Classification } from "../base/errors.ts";
import type { Declared } from "./capabilities.ts";
import type { Link } from "./link.ts";

/**
 * The version of the contract between the core and a driver.
 *
 * A driver translates and decides nothing. It never retries, reconnects, wraps errors, logs or decodes bodies: the core
 * does all of that. These rules apply to every method of the contract:
 *
 * - It never throws synchronously.
 * - It settles soon after its signal aborts.
 * - It keeps no reference to its arguments after its promise has settled.
 * - It rejects with the client's own error. The core calls `classify` to find out what the error means.
 */
export const CONTRACT = 1;

/**
 * How the core treats the queues, topics and subscriptions that a program uses: `create` creates missing ones, `verify`
 * only compares them, and `none` does neither.
 */
export type TopologyMode = "create" | "verify" | "none";

/** The core's part of a link: a driver gets it to open one. */
export interface LinkContext {
  readonly clock: Clock;
  /** How long a silent consumer keeps the messages it holds, in milliseconds. */
  readonly lease: number;
  /**
   * With `verify` and `none` the driver creates nothing at all: no return queues and no places for dead letters either.
   */
  readonly topology: TopologyMode;
}

/**
 * The object that an adapter package supplies. A driver serves one broker object. It has options, but no connection.
 */
export interface Driver<C extends Declared = Declared, N = unknown> {
  readonly contract: typeof CONTRACT;
  /** The adapter's name for error messages, in one word. */
  readonly name: string;
  /** The server's address for error messages, without any secret. */
  readonly address: string;
  readonly capabilities: C;
  /**
   * Whether `Source.flush` notes the exposed deliveries, so that a crash that follows is evidence against these alone. Default:
   * false. Then it is evidence against everything that the process held.
   */
  readonly notesExposed?: boolean | undefined;
  /** Opens a link. Resolves when the link is ready for use. */
  connect(context: LinkContext, signal: AbortSignal): Promise<Link<N>>;
  /** Says what an error of the client means. Never throws. */
  classify(error: unknown): Classification;
}

/** The export named `adapter` of an adapter package. With it the core finds the driver for a URL. */
export interface Adapter {
  readonly name: string;
  /** The URL schemes that the adapter serves, without `:`. */
  readonly schemes: readonly string[];
  /** Creates a driver from a URL and the adapter's options. Throws `INVALID_CONFIG` if one of them is wrong. */
  driver(config: AdapterConfig): Driver;
}

/** A URL and the adapter's own options, which the core does not know. */
export interface AdapterConfig {
  readonly url: string;
  readonly [option: string]: unknown;
}
