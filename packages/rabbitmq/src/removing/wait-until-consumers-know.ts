import { setTimeout as sleep } from "node:timers/promises";
import { orAborted } from "@anybroker/core/driver";
import { closeChannel, openChannel } from "../connection.ts";
import type { LinkState } from "../state/link-state.ts";

/** How long to wait for the server, in ms. It does not tell consumers if the queue exists again by then. */
const WAIT = 1_000;

/**
 * Deletes a queue, and waits until its consumers know. RabbitMQ 3.10 tells them up to 100 ms after its response to the
 * deletion, and never if the queue exists again by then. So meanwhile the driver is a consumer too.
 */
export async function waitUntilConsumersKnow(
  link: LinkState,
  queue: string,
  signal: AbortSignal,
  deleteQueue: () => Promise<void>,
): Promise<void> {
  const channel = await openChannel(link.consuming, signal);
  const knows = Promise.withResolvers<void>();
  // A missing queue or a missing right closes the channel. Then there is nothing to wait for.
  channel.on("error", () => {});
  channel.on("close", knows.resolve);
  try {
    await orAborted(channel.prefetch(1), signal);
    const consuming = channel.consume(queue, (message) => message ?? knows.resolve());
    await orAborted(consuming, signal).catch(() => signal.throwIfAborted());
    await deleteQueue();
    await Promise.race([knows.promise, sleep(WAIT, undefined, { signal })]);
  } finally {
    void closeChannel(channel);
  }
}
