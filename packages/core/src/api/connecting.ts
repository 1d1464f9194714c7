import type { Clock } from "../base/clock.ts";
import type { Declared } from "../contract/capabilities.ts";
import type { Adapter, Driver, TopologyMode } from "../contract/driver.ts";

/** Carries a trace from sender to handler. The core invents no context: without these two, none travels. */
export interface Propagation {
  /** Called at each send: may add headers, such as `traceparent`. What is over a limit is dropped, with one warning. */
  inject?(headers: Record<string, string>): void;
  /** Called for each delivery: runs the handler inside the context that the headers tell of, and answers its result. */
  extract?<T>(headers: Readonly<Record<string, string>>, run: () => T): T;
}

/** Loads an adapter package, for programs that are bundled. */
export type AdapterLoader = () => Adapter | Promise<Adapter>;

/** How a broker object behaves. Durations are integer milliseconds, sizes bytes. */
export interface ConnectOptions {
  /** Adapters by URL scheme, instead of importing packages by name. */
  readonly drivers?: Readonly<Record<string, AdapterLoader>>;
  /** How entities are treated: created when missing, only compared, or never touched. @default "create" */
  readonly topology?: TopologyMode;
  /** For how long a silent consumer keeps what it holds: 10 s to 5 min, from 100 ms in tests. @default 30 000 */
  readonly lease?: number;
  /** For how long the first connection is tried. @default 30 000 */
  readonly connectTimeout?: number;
  /** The bounds of the wait between two tries to connect again; jitter is full. @default 200 to 30 000 */
  readonly reconnect?: { readonly initial?: number; readonly max?: number };
  /** How much may wait to be sent. @default 10 000 messages, 64 MiB */
  readonly sendBuffer?: { readonly messages?: number; readonly bytes?: number };
  /** The time that all policy goes by; tests may move it by hand. @default the machine's */
  readonly clock?: Clock;
  /** Carries traces from senders to handlers. */
  readonly propagation?: Propagation;
  /** Gives up the first connection. */
  readonly signal?: AbortSignal;
}

/** A URL with options of its adapter; `queues` and `topics` name existing physical ones for logical names. */
export interface ConnectConfig {
  readonly url: string;
  readonly queues?: Readonly<Record<string, string>>;
  readonly topics?: Readonly<Record<string, string>>;
  readonly [option: string]: unknown;
}

/** Where to connect: a URL, a config, or a driver made by an adapter's factory. */
export type Target<C extends Declared = Declared, N = unknown> = string | ConnectConfig | Driver<C, N>;
