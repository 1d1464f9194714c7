import { dirname } from "node:path";
import { rabbitmq } from "../../src/brokers/rabbitmq.ts";

/** The message that the program sends when the server is up. */
export interface Started {
  readonly url: string;
  readonly folder: string;
}

// A program that starts a server and waits to be killed: see rabbitmq.test.ts. A server does not keep it running.
process.channel?.ref();
const server = await rabbitmq.start({ tls: true });
process.send?.({ url: server.url, folder: dirname(server.tls?.ca ?? "") } satisfies Started);
