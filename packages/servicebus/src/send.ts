import type * as core from "@anybroker/core/driver";
import { classify, isPartitionMismatch, isRefusal } from "./errors.ts";
import type { LinkState } from "./state/link-state.ts";
import { type AmqpMessage, sessionOf, toAmqp } from "./wire.ts";

/** `Link.send`. */
export async function send(
  link: LinkState,
  destination: core.Destination,
  batch: readonly core.OutgoingMessage[],
  report: core.ReportOutcome,
  signal: AbortSignal,
): Promise<void> {
  const path = link.names.destination(destination);
  // Whether a subscription has sessions is not known here.
  const keyed = destination.kind === "topic" || destination.ordered;
  const failFrom = (index: number, error: unknown): void => {
    for (let at = index; at < batch.length; at += 1) report(at, { error, outcomeUnknown: false });
  };
  let next = 0;
  while (next < batch.length) {
    const first = next;
    let chunk: Chunk;
    try {
      chunk = await nextChunk(link, path, batch, first, keyed, signal);
    } catch (error) {
      return failFrom(first, error);
    }
    next = chunk.end;
    try {
      await link.senders.send(path, chunk.messages, signal);
      for (let index = first; index < next; index += 1) report(index);
    } catch (error) {
      const outcomeUnknown = !isRefusal(error);
      // The next try has a batch for each session.
      if (next - first > 1 && isPartitionMismatch(error)) link.partitioned.add(path);
      for (let index = first; index < next; index += 1) report(index, { error, outcomeUnknown });
      // Later messages of a key must not pass one that is sent again. One that is too large is not.
      if (classify(error).code !== "TOO_LARGE") return failFrom(next, error);
    }
  }
}

/** Messages that go in one transfer: those of the batch from one index up to `end`. */
interface Chunk {
  readonly messages: Parameters<LinkState["senders"]["send"]>[1];
  readonly end: number;
}

async function nextChunk(
  link: LinkState,
  path: string,
  batch: readonly core.OutgoingMessage[],
  from: number,
  keyed: boolean,
  signal: AbortSignal,
): Promise<Chunk> {
  const alone = batch.length - from === 1 ? batch[from] : undefined;
  if (alone !== undefined) return { messages: toAmqp(alone, keyed), end: from + 1 };
  const messages = await link.senders.newBatch(path, signal);
  let end = from;
  let first: AmqpMessage | undefined;
  for (const message of batch.slice(from)) {
    const amqp = toAmqp(message, keyed);
    if (link.partitioned.has(path) && first !== undefined && sessionOf(amqp) !== sessionOf(first)) break;
    if (end === from) first = amqp;
    if (!messages.tryAddMessage(amqp)) break;
    end += 1;
  }
  // The envelope of a batch has the properties of its first message again, so a lone message may be larger.
  if (end - from > 1 || first === undefined) return { messages, end };
  return { messages: first, end: from + 1 };
}
