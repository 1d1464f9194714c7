import type { BrokerModule, BrokerName, TestBroker } from "./broker.ts";
import { kafka } from "./kafka.ts";
import { rabbitmq } from "./rabbitmq.ts";
import { redis } from "./redis.ts";
import { servicebus } from "./servicebus.ts";

/** The server that was started for a run. */
export interface Server {
  readonly url: string;
  readonly version: string;
  readonly how: string;
  /** The URL with an account that may use what exists and create nothing. */
  readonly restricted: string | undefined;
  readonly missing?: never;
  readonly broken?: never;
}

/** Why a run has no server. */
export interface NoServer {
  readonly url?: never;
  readonly missing: string;
  /** Whether a server was found and did not start, which is a failure everywhere. */
  readonly broken: boolean;
}

export type Given = Server | NoServer;

type AnyBroker = Pick<BrokerModule<TestBroker, object>, "label" | "find" | "start">;

/** Every backend with a test broker. `serverOf(name)` in a test returns its server. */
export const brokers: Readonly<Record<BrokerName, AnyBroker>> = { kafka, rabbitmq, redis, servicebus };

declare module "vitest" {
  export interface ProvidedContext extends Readonly<Record<BrokerName, Given>> {}
}
