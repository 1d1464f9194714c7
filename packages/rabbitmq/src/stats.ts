import type * as core from "@anybroker/core/driver";
import { DELAY_STEPS, deadLettersName, delayStepName, notFound } from "@anybroker/core/driver";
import { onChannel } from "./connection.ts";
import { replyCodeOf } from "./errors.ts";
import type { LinkState } from "./state/link-state.ts";

/** `Link.stats`. The server tells the number in flight only to its management interface. */
export async function stats(link: LinkState, queue: string, signal: AbortSignal): Promise<core.Stats> {
  const steps = DELAY_STEPS.map((ms) => delayStepName(queue, ms));
  const names = [queue, deadLettersName(queue), ...steps];
  const [ready, dead, ...delayed] = await Promise.all(names.map((name) => countReady(link, name, signal)));
  if (ready === null) throw notFound(`there is no queue ${queue}`);
  const sum = delayed.reduce<number>((total, count) => total + (count ?? 0), 0);
  return {
    ready,
    delayed: delayed.includes(undefined) ? undefined : sum,
    inFlight: undefined,
    dead: dead ?? 0,
  };
}

/** How many messages are ready in a queue: null when it does not exist, undefined when the account may not know. */
async function countReady(link: LinkState, queue: string, signal: AbortSignal): Promise<number | null | undefined> {
  try {
    const { messageCount } = await onChannel(link.consuming, signal, (channel) => channel.checkQueue(queue));
    return messageCount;
  } catch (error) {
    const code = replyCodeOf(error);
    if (code === 404) return null;
    if (code === 403) return undefined;
    throw error;
  }
}
