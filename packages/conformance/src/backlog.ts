import { deepEqual } from "node:assert/strict";
import type { Broker, Declared, Queue, Readable, Removal } from "@anybroker/core";
import type { CaseContext, Received } from "./context.ts";
import { gate } from "./wait.ts";

/** Longer than any case runs, in ms. */
export const LATER = 600_000;

/** These subscriptions of a topic, to delete or to purge. */
export function ofSubscriptions(topic: string, ...subscriptions: readonly string[]): Removal {
  return { topics: { [topic]: { subscriptions } } };
}

/** Makes one dead letter from the next message. `send` sends that message. */
export async function deadLetter(
  context: CaseContext,
  source: Readable<string>,
  send: () => Promise<unknown>,
): Promise<void> {
  await using received = await context.collect(source, { handle: (message) => message.deadLetter("no") });
  await send();
  await context.until("a dead letter", () => received.consumer.stats().deadLettered === 1);
}

/** Makes a retry that waits longer than any case runs, from the next message. `send` sends that message. */
export async function lateRetry(
  context: CaseContext,
  source: Readable<string>,
  send: () => Promise<unknown>,
): Promise<void> {
  await using received = await context.collect(source, { handle: (message) => message.retry({ delay: LATER }) });
  await send();
  await context.until("a retry", () => received.consumer.stats().retried === 1);
}

/** The ready and delayed messages together, as the stats count them; undefined where there are no stats. */
export async function waiting(context: CaseContext, source: Readable<unknown>): Promise<number | undefined> {
  if (context.capabilities.stats === "none") return undefined;
  const { ready = 0, delayed = 0 } = await source.stats();
  return ready + delayed;
}

/** Sends a message, and expects that a consumer handles no other one. */
export async function expectOnly(
  context: CaseContext,
  source: Readable<string>,
  body: string,
  send: () => Promise<unknown>,
): Promise<void> {
  await using received = await context.collect(source);
  await send();
  await received.waitForBody(body);
  deepEqual(received.bodies, [body]);
}

/** A consumer that runs one handler at a time, and holds the message `held` in it until the gate opens. */
export async function holding(
  context: CaseContext,
  source: Readable<string>,
  prefetch: number,
): Promise<{ readonly received: Received<string>; readonly finish: () => void }> {
  const { promise, open } = gate();
  const received = await context.collect(source, {
    prefetch,
    concurrency: 1,
    handle: async ({ body, attempt }) => {
      if (body !== "held" || attempt > 1) return;
      await promise;
      throw new Error("the first attempt fails");
    },
  });
  return { received, finish: open };
}

/** A queue with a dead letter, a delayed message, a retry that waits and messages that are ready. */
export async function queueWithBacklog(
  context: CaseContext,
  options: { readonly ordered?: boolean | undefined } = {},
): Promise<{ readonly broker: Broker; readonly queue: Queue<Declared, string, string> }> {
  const { broker, queue } = await context.queue<string>({}, options);
  const key = options.ordered === true ? { key: "k" } : {};
  await deadLetter(context, queue, () => queue.send("dead", key));
  if (options.ordered !== true && context.capabilities.retryDelay !== "none") {
    await lateRetry(context, queue, () => queue.send("retried"));
  }
  if (context.capabilities["delay.send"] !== "none") await queue.send("delayed", { ...key, delay: delayIn(context) });
  const keys = Array.from({ length: 20 }, (_, index) => ({ key: `k${index}` }));
  await Promise.all(keys.map((each) => queue.send("waits", each)));
  return { broker, queue };
}

function delayIn({ capabilities }: CaseContext): number {
  return Math.min(LATER, capabilities.limits.delay);
}
