import type { Link, TopologyMode } from "@anybroker/core/driver";
import { type ServiceBusEmulator, startServiceBusEmulator } from "@anybroker/servicebus-emulator";
import { linked } from "@anybroker-internal/testkit/link";
import { onTestFinished } from "vitest";
import { type ServicebusNative, type ServicebusOptions, servicebus } from "../src/index.ts";

export type TestLink = Link<ServicebusNative>;

/** An emulator that ends with the test. */
export async function emulatorForTest(): Promise<ServiceBusEmulator> {
  const emulator = await startServiceBusEmulator();
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
