import type { Socket } from "node:net";
import { ServiceBusAdministrationClient, ServiceBusClient } from "@azure/service-bus";

/** The connection string of a URL of the adapter. */
function connectionString(url: string): string {
  const { username, password, host } = new URL(url.replace(/^servicebus:/, "http:"));
  const access = `SharedAccessKeyName=${decodeURIComponent(username)};SharedAccessKey=${decodeURIComponent(password)}`;
  return `Endpoint=sb://${host};${access};UseDevelopmentEmulator=true`;
}

/** The administration of an emulator, which has no TLS. The SDK would use HTTPS. */
export function adminOf(url: string): ServiceBusAdministrationClient {
  const admin = new ServiceBusAdministrationClient(connectionString(url));
  admin.pipeline.addPolicy({
    name: "withoutTls",
    sendRequest(request, next) {
      request.url = request.url.replace(/^https:/, "http:");
      request.allowInsecureConnection = true;
      return next(request);
    },
  });
  return admin;
}

/** Creates a queue as anybroker does. */
export async function createQueue(url: string, queue: string): Promise<void> {
  await adminOf(url).createQueue(queue, { lockDuration: "PT30S", maxDeliveryCount: 2_000 });
}

interface Internals {
  readonly _connectionContext: { readonly connection: { readonly _connection: { readonly socket: Socket } } };
}

/**
 * A client whose link for sending to a queue is open. Nagle's algorithm is off, as for the other brokers; the SDK has no
 * option for it.
 */
export async function connect(url: string, queue: string): Promise<ServiceBusClient> {
  const client = new ServiceBusClient(connectionString(url));
  await client.createSender(queue).createMessageBatch();
  // The cast is true for the SDK's version 7.9.5.
  (client as unknown as Internals)._connectionContext.connection._connection.socket.setNoDelay(true);
  return client;
}

/** An error spoils the measurement, so it ends the process. */
export async function fail({ error }: { readonly error: Error }): Promise<void> {
  setImmediate(() => {
    throw error;
  });
}
