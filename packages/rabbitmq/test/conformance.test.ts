import type { Socket } from "node:net";
import { conformance } from "@anybroker/conformance";
import { type RabbitmqNative, rabbitmq } from "@anybroker/rabbitmq";
import { afterAll, inject, test } from "vitest";
import { plainClient } from "./plain-client.ts";

const given = inject("rabbitmq");

if (given.url !== undefined) {
  const { url, version, restricted } = given;
  const client = await plainClient(url);
  afterAll(() => client.close());
  conformance(
    {
      name: "rabbitmq",
      driver: () => rabbitmq({ url }),
      ...(restricted === undefined ? {} : { restricted: () => rabbitmq({ url: restricted }) }),
      patience: 10_000,
      session: 3_000,
      // 3.x takes 128 MiB, which would keep the other cases waiting.
      ...(version.startsWith("3.") ? {} : { largest: 16_777_216 }),
      foreign: () => ({ ...client, close: async () => {} }),
      async cut({ native }) {
        // The cast is true: the driver above makes this client.
        const { publishing, consuming } = native as RabbitmqNative;
        for (const { connection } of [publishing, consuming]) {
          // The cast is true: amqplib's types leave out the socket.
          (connection as unknown as { readonly stream: Socket }).stream.destroy(
            Object.assign(new Error("cut"), { code: "ECONNRESET" }),
          );
        }
      },
    },
    { test: test.concurrent, after: afterAll },
    { report: "reports/conformance/rabbitmq.json" },
  );
}
