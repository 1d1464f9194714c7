import type * as core from "@anybroker/core/driver";
import { orAborted } from "@anybroker/core/driver";
import { probe } from "./connection.ts";
import type { LinkState } from "./state/link-state.ts";

/** `Link.health`: asks for something that every account may ask for. */
export async function health(
  { settings, connection }: LinkState,
  tier: string | undefined,
  signal: AbortSignal,
): Promise<core.LinkHealth> {
  await orAborted(probe(connection.client, settings, signal), signal);
  const { host } = settings;
  return { degraded: undefined, details: tier === undefined ? { host } : { host, tier } };
}
