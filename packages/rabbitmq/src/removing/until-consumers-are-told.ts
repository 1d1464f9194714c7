import { setTimeout as sleep } from "node:timers/promises";
import { orAborted } from "@anybroker/core/driver";
import { closeChannel, openChannel } from "../connection.ts";
import type { LinkState } from "../state/link-state.ts";

/** How long to wait for the server, in ms. It tells no consumer if the queue exists again by then. */
const WAIT = 1_000;

/**
 * Deletes a queue, and waits until the server has told its consumers. RabbitMQ 3.10 tells them up to 100 ms after it has
 * answered the deletion, and never if the queue exists again by then. So meanwhile the driver is a consumer too.
 */
export async function untilConsumersAreTold(
  link: LinkState,
  queue: string,
  signal: AbortSignal,
  deleteQueue: () => Promise<void>,
): Promise<void> {
  const channel = await openChannel(link.consuming, signal);
  const told = Promise.withResolvers<void>();
  // A missing queue or a missing right closes the channel. Then there is nothing to wait for.
  channel.on("error", () => {});
  channel.on("close", told.resolve);
  try {
    await orAborted(channel.prefetch(1), signal);
    const consuming = channel.consume(queue, (message) => message ?? told.resolve());
    await orAborted(consuming, signal).catch(() => signal.throwIfAborted());
    await deleteQueue();
    await Promise.race([told.promise, sleep(WAIT, undefined, { signal })]);
  } finally {
    void closeChannel(channel);
  }
}
