import type * as core from "@anybroker/core/driver";
import { BrokerError, DELAY_STEPS } from "@anybroker/core/driver";
import { onChannel } from "./connection.ts";
import { codeOf } from "./errors.ts";
import type { LinkState } from "./state/link-state.ts";
import { deadLettersOf, stepOf } from "./topology.ts";

/** `Link.stats`. */
export async function stats(link: LinkState, queue: string, signal: AbortSignal): Promise<core.Stats> {
  const steps = DELAY_STEPS.map((ms) => stepOf(queue, ms));
  const counts = [queue, deadLettersOf(queue), ...steps].map((name) => count(link, name, signal));
  const [ready, dead, ...delayed] = await Promise.all(counts);
  if (ready === null) throw new BrokerError("NOT_FOUND", `no queue ${queue}`);
  const sum = delayed.reduce<number>((total, one) => total + (one ?? 0), 0);
  return { ready, delayed: delayed.includes(undefined) ? undefined : sum, inFlight: undefined, dead: dead ?? 0 };
}

/** Messages that are ready in a queue; null where there is none, undefined where we may not know. */
async function count({ consuming }: LinkState, queue: string, signal: AbortSignal): Promise<number | null | undefined> {
  try {
    return (await onChannel(consuming, signal, (channel) => channel.checkQueue(queue))).messageCount;
  } catch (error) {
    if (codeOf(error) === 404) return null;
    if (codeOf(error) === 403) return undefined;
    throw error;
  }
}
