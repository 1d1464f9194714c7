import type { Connect, Queue, Stats } from "@anybroker/core";
import type { BrokerModule, TestBroker } from "@anybroker-internal/testkit/brokers/broker";
import type { TcpProxy } from "@anybroker-internal/testkit/proxy";

/** A server to which the scenarios do harm. */
export interface FaultyServer extends TestBroker {
  /** Resolves when everything that was declared so far survives `kill()`. */
  persist(): Promise<void>;
  /** Raises or lifts the alarm during which the server accepts no messages. Undefined if the server has none. */
  readonly alarm?: (on: boolean) => Promise<void>;
  /** Deletes a queue, as a person with another tool does. */
  remove(queue: string): Promise<void>;
  /** Counts what is left of a queue, where its `stats` cannot tell. */
  readonly left?: (queue: Queue) => Promise<Stats>;
  /** Starts a proxy to the server. Needed only if the server tells clients an address to connect to. */
  readonly proxy?: () => Promise<TcpProxy>;
}

/** A subject under test, with what the scenarios need to know about it. */
export interface FaultSubject {
  readonly name: string;
  readonly module: BrokerModule<TestBroker, never>;
  start(): Promise<FaultyServer>;
  readonly connect: Connect;
  /** The URL with options that make the client notice a silent server within a few seconds. */
  impatient(url: string): string;
  /** Why it lacks what some scenarios need, which are then skipped. */
  readonly lacks?: { readonly durability?: string; readonly impatience?: string };
  /** Scenarios that fail because of a known defect, by their titles, with the defect. They are skipped. */
  readonly defects?: Readonly<Record<string, string>>;
  /** The largest number of handled messages that are handled again after a process dies. @default what it held */
  readonly duplicates?: number;
  /** The lease in the short form, in ms, if the broker notices a dead process only by its silence. */
  readonly lease?: number;
}
