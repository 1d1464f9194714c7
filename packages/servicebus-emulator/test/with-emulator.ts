import { type EmulatorOptions, type ServiceBusEmulator, startServiceBusEmulator } from "@anybroker/servicebus-emulator";
import {
  type ServiceBusAdministrationClient,
  ServiceBusClient,
  type ServiceBusReceivedMessage,
  type ServiceBusReceiver,
} from "@azure/service-bus";
import rhea, { type Connection } from "rhea";
import { onTestFinished } from "vitest";
import { adminClientFor } from "./admin/admin-client.ts";

/** An emulator for one test. */
export async function emulatorForTest(options?: EmulatorOptions): Promise<ServiceBusEmulator> {
  const emulator = await startServiceBusEmulator(options);
  onTestFinished(() => emulator.close());
  return emulator;
}

/** A client of the unmodified SDK, for one test. */
export function clientForTest(connectionString: string, timeoutInMs = 10_000): ServiceBusClient {
  const client = new ServiceBusClient(connectionString, { retryOptions: { maxRetries: 0, timeoutInMs } });
  onTestFinished(() => client.close());
  return client;
}

/** An administration client, by default of an emulator of its own. */
export async function adminForTest(given?: ServiceBusEmulator): Promise<ServiceBusAdministrationClient> {
  const emulator = given ?? (await emulatorForTest());
  return adminClientFor(emulator.connectionString, await emulator.certificate());
}

/** Receives one message, and fails if none comes. */
export async function receiveOne(receiver: ServiceBusReceiver): Promise<ServiceBusReceivedMessage> {
  const [message] = await receiver.receiveMessages(1, { maxWaitTimeInMs: 10_000 });
  if (message === undefined) throw new Error("no message was received");
  return message;
}

/** A client of AMQP 1.0 that knows nothing of Service Bus. With SASL PLAIN it proves that it has the key. */
export function plainClient(port: number, mechanism: "PLAIN" | "ANONYMOUS" = "PLAIN"): Connection {
  const connection = rhea.create_container().connect({
    host: "127.0.0.1",
    port,
    reconnect: false,
    username: "RootManageSharedAccessKey",
    ...(mechanism === "PLAIN" ? { password: "SAS_KEY_VALUE" } : {}),
  });
  connection.on("disconnected", () => undefined);
  onTestFinished(() => connection.close());
  return connection;
}
