/** What every message carries: 256 bytes of JSON. */
export interface Body {
  readonly n: number;
  /** When it was sent, on the process's own clock in milliseconds. */
  readonly at: number;
  readonly text: string;
}

/** A running reader. */
export interface Reader {
  /** Settles what was handled, and stops. */
  close(): Promise<void>;
}

/**
 * One way to use a broker, reduced to what is measured. All contenders of a backend do the same work for a message:
 * JSON, a UUIDv7 as its id, a promise of its own that resolves when the broker has it as durably as it can.
 */
export interface Contender {
  send(body: Body): Promise<unknown>;
  /** Rejects when one was not accepted. */
  sendBatch(bodies: readonly Body[]): Promise<unknown>;
  /** At most `concurrency` handlers run at once; a message is acked when its handler has resolved. */
  consume(handler: (body: Body) => Promise<void>, concurrency: number): Promise<Reader>;
  close(): Promise<void>;
}

/** Connects, and makes the queue. */
export type Open = (url: string, queue: string) => Promise<Contender>;

export const contenderNames = ["plain", "expert", "ours"] as const;
export type ContenderName = (typeof contenderNames)[number];

/** A server to measure against. */
export interface Server {
  readonly url: string;
  readonly version: string;
  stop(): Promise<void>;
}

/** Everything the bench needs to know of one broker: a folder each. */
export interface Backend {
  /** The bare client and its version; undefined where there is none to compare with. */
  readonly client: string | undefined;
  readonly contenders: Readonly<Partial<Record<ContenderName, () => Promise<Open>>>>;
  start(): Promise<Server>;
  /** Deletes what a job left; rejects when messages are left that were handled and should have been acked. */
  clean(url: string, queue: string, mustBeEmpty: boolean): Promise<void>;
}
