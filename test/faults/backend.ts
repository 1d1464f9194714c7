import type { Connect } from "@anybroker/core";
import type { BrokerModule, TestBroker } from "@anybroker-internal/testkit/brokers/broker";
import type { TcpProxy } from "@anybroker-internal/testkit/proxy";

/** A server that the scenarios hurt. */
export interface FaultyServer extends TestBroker {
  /** Resolves when what was declared so far survives `kill()`. */
  persist(): Promise<void>;
  /** Raises or lifts the alarm at which the server takes no messages; undefined where there is none. */
  readonly alarm?: (on: boolean) => Promise<void>;
  /** Deletes a queue, as a person with another tool would. */
  remove(queue: string): Promise<void>;
  /** Starts a proxy to it, where clients go on to a place that the server tells them. */
  readonly proxy?: () => Promise<TcpProxy>;
}

/** What a backend has to say about itself to be put through every scenario. */
export interface FaultBackend {
  readonly name: string;
  readonly module: BrokerModule<TestBroker, never>;
  start(): Promise<FaultyServer>;
  readonly connect: Connect;
  /** The URL with which a silent server is noticed within a few seconds. */
  impatient(url: string): string;
  /** How many messages that a process has handled before it dies are handled again at most. @default what it held */
  readonly doubled?: number;
  /** Where only its silence tells that a process has died: after how many milliseconds in the short form. */
  readonly lease?: number;
}
