import type { BrokerModule, TestBroker } from "./broker.ts";
import { kafka } from "./kafka.ts";
import { rabbitmq } from "./rabbitmq.ts";
import { redis } from "./redis.ts";

/**
 * What a test knows of the server that was started for it, or why there is none: `broken` when one was found and did not
 * start, which is a failure everywhere.
 */
export type Given =
  | {
      readonly url: string;
      readonly version: string;
      readonly how: string;
      /** With an account that may use what is there and create nothing. */
      readonly restricted: string | undefined;
      readonly missing?: never;
    }
  | { readonly url?: never; readonly missing: string; readonly broken: boolean };

type AnyBroker = Pick<BrokerModule<TestBroker, object>, "label" | "find" | "start">;

/** Every backend with a test broker, by the name of its package. `inject(name)` in a test gives its server. */
export const brokers: Readonly<Record<keyof BrokersGiven, AnyBroker>> = { kafka, rabbitmq, redis };

export interface BrokersGiven {
  readonly kafka: Given;
  readonly rabbitmq: Given;
  readonly redis: Given;
}

declare module "vitest" {
  export interface ProvidedContext extends BrokersGiven {}
}
