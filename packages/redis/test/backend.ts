import type { Subject } from "@anybroker/conformance";
import { type RedisNative, redis } from "../src/index.ts";
import type { PlainClient } from "./plain-client.ts";

/** Describes a server to the suite, with a plain client of it. */
export function backendOf(name: string, url: string, client: PlainClient, restricted?: string): Subject {
  return {
    name,
    driver: () => redis({ url }),
    ...(restricted === undefined ? {} : { restricted: () => redis({ url: restricted }) }),
    patience: 10_000,
    lease: 3_000,
    foreign: () => ({ ...client, close: async () => {} }),
    async cut({ native }) {
      // The cast is true: the driver above makes this client.
      (native as RedisNative | undefined)?.disconnect();
    },
  };
}
