import type { Connect } from "@anybroker/core";
import type { BrokerModule, TestBroker } from "../brokers/broker.ts";

/** A server that the scenarios hurt. */
export interface FaultyServer extends TestBroker {
  /** Resolves when what was declared so far survives `kill()`. */
  persist(): Promise<void>;
  /** Raises or lifts the alarm at which the server takes no messages; undefined where there is none. */
  readonly alarm?: (on: boolean) => Promise<void>;
  /** Deletes a queue, as a person with another tool would. */
  remove(queue: string): Promise<void>;
}

/** What a backend has to say about itself to be put through every scenario. */
export interface FaultBackend {
  readonly name: string;
  readonly module: BrokerModule<TestBroker, never>;
  start(): Promise<FaultyServer>;
  readonly connect: Connect;
  /** The URL with which a silent server is noticed within a few seconds. */
  impatient(url: string): string;
}
