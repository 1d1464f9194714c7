import type * as core from "@anybroker/core/driver";
import { deadLettersName, inspectedDeadLetters, notFound } from "@anybroker/core/driver";
import type { Channel } from "amqplib";
import { MAX_PREFETCH, onChannel } from "./connection.ts";
import { replyCodeOf } from "./errors.ts";
import { compareAge } from "./inspecting/dead-letter-id.ts";
import { type DeadLetter, receiveAll } from "./inspecting/receive-all.ts";
import { sendCopy } from "./send.ts";
import type { LinkState } from "./state/link-state.ts";

/** How many dead letters are moved at once, when all of them go. */
const MOVED_AT_ONCE = 256;

/**
 * `Link.deadLetters`, for one queue. To look at dead letters, the driver receives all of them and gives them back. So
 * while one process looks, others see fewer. Within this link, one call waits for the other.
 */
export function deadLetters(link: LinkState, source: string): core.DeadLetterStore {
  const queue = deadLettersName(source);

  /** Does the work when it is this call's turn. Without a queue there are no dead letters, if their source exists. */
  const inTurn = async (signal: AbortSignal, work: (channel: Channel) => Promise<number>): Promise<number> => {
    try {
      return await link.deadLetterTurns.run(queue, signal, () => onChannel(link.consuming, signal, work));
    } catch (error) {
      if (replyCodeOf(error) !== 404) throw error;
      await requireQueue(link, source, signal);
      return 0;
    }
  };

  return inspectedDeadLetters<DeadLetter>({
    count: (signal) => inTurn(signal, async (channel) => (await channel.checkQueue(queue)).messageCount),
    receiveAll: (inspect, all, signal) =>
      inTurn(signal, async (channel) => {
        await channel.prefetch(all ? MOVED_AT_ONCE : MAX_PREFETCH);
        return receiveAll(channel, queue, inspect, signal);
      }),
    sendBack: (entry, headers, signal) => sendCopy(link, entry.native, source, headers, 0, signal),
    compare: compareAge,
  });
}

/** Rejects with `NOT_FOUND` if the queue is missing, as far as the account may know. */
async function requireQueue(link: LinkState, queue: string, signal: AbortSignal): Promise<void> {
  await onChannel(link.consuming, signal, (channel) => channel.checkQueue(queue)).catch((error: unknown) => {
    const code = replyCodeOf(error);
    if (code === 404) throw notFound(`there is no queue ${queue}`, error);
    if (code !== 403) throw error;
  });
}
