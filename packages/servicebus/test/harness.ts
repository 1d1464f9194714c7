import type { Socket } from "node:net";
import type { Link, TopologyMode } from "@anybroker/core/driver";
import { type EmulatorOptions, type ServiceBusEmulator, startServiceBusEmulator } from "@anybroker/servicebus-emulator";
import { linked } from "@anybroker-internal/testkit/link";
import { onTestFinished } from "vitest";
import { type ServicebusNative, type ServicebusOptions, servicebus } from "../src/index.ts";

export type TestLink = Link<ServicebusNative>;

/** An emulator that ends with the test. */
export async function emulatorForTest(options?: EmulatorOptions): Promise<ServiceBusEmulator> {
  const emulator = await startServiceBusEmulator(options);
  onTestFinished(() => emulator.close());
  return emulator;
}

/** A link that ends with the test. */
export function open(
  emulator: ServiceBusEmulator,
  options: Partial<ServicebusOptions> = {},
  context?: { readonly topology?: TopologyMode; readonly lease?: number },
): Promise<TestLink> {
  return linked(servicebus({ url: emulator.connectionString, ...options }), context);
}

/** The emulator's address as a URL. */
export function urlOf({ port }: ServiceBusEmulator): string {
  return `servicebus://RootManageSharedAccessKey:SAS_KEY_VALUE@127.0.0.1:${port}?emulator=true`;
}

/** Ends the connection of a link as a fault of the network does. */
export function cut({ native }: TestLink): void {
  const { connection } = contextOf(native.client);
  connection._connection.socket.destroy(Object.assign(new Error("cut"), { code: "ECONNRESET" }));
}

/** The private objects of the SDK that tests need. */
export function contextOf(client: ServicebusNative["client"]): SdkContext {
  // The cast is true of the pinned version.
  return (client as unknown as { readonly _connectionContext: SdkContext })._connectionContext;
}

interface SdkContext {
  readonly connection: { readonly _connection: { readonly socket: Socket } };
  readonly messageSessions: Readonly<Record<string, { readonly link: { isOpen(): boolean } | undefined }>>;
  readonly messageReceivers: Readonly<Record<string, { readonly _receiverHelper: { suspend(): Promise<void> } }>>;
}
