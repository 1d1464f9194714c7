import type { Socket } from "node:net";
import { conformance } from "@anybroker/conformance";
import { type ServicebusNative, servicebus } from "@anybroker/servicebus";
import { afterAll, inject, test } from "vitest";
import { plainClient } from "./plain-client.ts";

const given = inject("servicebus");

if (given.url !== undefined) {
  const { url, restricted } = given;
  const client = plainClient(url);
  afterAll(() => client.close());
  conformance(
    {
      name: "servicebus",
      driver: () => servicebus({ url }),
      ...(restricted === undefined ? {} : { restricted: () => servicebus({ url: restricted }) }),
      patience: 10_000,
      lease: 2_000,
      largest: 196_608,
      foreign: () => ({ ...client, close: async () => {} }),
      cut({ native }) {
        // The casts are true: the driver above makes this client, whose types leave out the socket.
        const { client: sdk } = native as ServicebusNative;
        const { connection } = (sdk as unknown as { readonly _connectionContext: Connected })._connectionContext;
        connection._connection.socket.destroy(Object.assign(new Error("cut"), { code: "ECONNRESET" }));
      },
    },
    { test: test.concurrent, after: afterAll },
    { report: "reports/conformance/servicebus.json" },
  );
}

interface Connected {
  readonly connection: { readonly _connection: { readonly socket: Socket } };
}
