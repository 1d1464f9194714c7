import type { Requirement } from "./requirement.ts";

/** The body of every message: 256 bytes of JSON. */
export interface Body {
  readonly n: number;
  /** The time of the send, by the clock of the process, in ms. */
  readonly at: number;
  readonly text: string;
}

/** A consumer that is running. */
export interface Reader {
  /** Settles the handled messages and stops. */
  close(): Promise<void>;
}

/**
 * One way to use a broker, reduced to what is measured. All contenders of a backend do the same work for each message:
 * JSON, a UUIDv7 as its id, and a promise that resolves when the broker has stored the message as durably as it can.
 */
export interface Contender {
  send(body: Body): Promise<unknown>;
  /** Rejects if one of the messages was not accepted. */
  sendBatch(bodies: readonly Body[]): Promise<unknown>;
  /** Runs at most `concurrency` handlers at once. A message is acked when its handler has resolved. */
  consume(handler: (body: Body) => Promise<void>, concurrency: number): Promise<Reader>;
  close(): Promise<void>;
}

/** Connects and creates the queue. */
export type Open = (url: string, queue: string) => Promise<Contender>;

/** `ceiling` is the most that the server gives, where it is a program of ours. */
export const contenderNames = ["plain", "expert", "ours", "ceiling"] as const;
export type ContenderName = (typeof contenderNames)[number];

/** A server to measure against. */
export interface Server {
  readonly url: string;
  readonly version: string;
  stop(): Promise<void>;
}

/** The contenders for one backend, and its server. */
export interface Benchmark {
  /** The bare client and its version. Undefined if there is none to compare with. */
  readonly client: string | undefined;
  readonly contenders: Readonly<Partial<Record<ContenderName, () => Promise<Open>>>>;
  /** Requirements in place of those of the lines, by line and figure: `consume.rate`. */
  readonly asked?: Readonly<Record<string, Requirement>>;
  start(): Promise<Server>;
  /** Deletes the queue of a job. With `mustBeEmpty` it rejects if handled messages were not acked. */
  clean(url: string, queue: string, mustBeEmpty: boolean): Promise<void>;
}
