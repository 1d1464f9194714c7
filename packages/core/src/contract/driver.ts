import type { Clock } from "../base/clock.ts";
import type { Classification } from "../base/errors.ts";
import type { Declared } from "./capabilities.ts";
import type { Link } from "./link.ts";

/**
 * The contract between the core and a driver, version 1.
 *
 * A driver translates and decides nothing. It never retries, reconnects, wraps, logs or decodes; the core does. Rules
 * for every method: it never throws synchronously; it ends soon after its signal aborts; what it was given it does not
 * keep after its promise has settled. Errors are the client's own: the core asks `classify` what they mean.
 */
export const CONTRACT = 1;

/** How entities are treated: created when missing, only compared, or never touched. */
export type TopologyMode = "create" | "verify" | "none";

/** What the core knows before a link opens. */
export interface LinkContext {
  readonly clock: Clock;
  /** For how many milliseconds a silent consumer keeps what it holds. */
  readonly lease: number;
  /** With `none` and `verify` the driver creates nothing whatsoever, no return queue and no dead letters either. */
  readonly topology: TopologyMode;
}

/** What an adapter package supplies. One driver serves one broker object; it holds options, and no connection. */
export interface Driver<C extends Declared = Declared, N = unknown> {
  readonly contract: typeof CONTRACT;
  /** The adapter's name, for messages: one word. */
  readonly name: string;
  /** Where it connects, without any secret, for messages. */
  readonly address: string;
  readonly capabilities: C;
  /** Opens one life of the connection; resolves when it can be used. */
  connect(context: LinkContext, signal: AbortSignal): Promise<Link<N>>;
  classify(error: unknown): Classification;
}

/** What an adapter package exports under the name `adapter`, so that a URL can find it. */
export interface Adapter {
  readonly name: string;
  /** The URL schemes it serves, without `:`. */
  readonly schemes: readonly string[];
  /** Makes a driver from a URL and options of the same names as the URL's parameters. Throws `INVALID_CONFIG`. */
  driver(config: AdapterConfig): Driver;
}

/** What the core knows of an adapter's options: the rest is the adapter's own. */
export interface AdapterConfig {
  readonly url: string;
  readonly [option: string]: unknown;
}
