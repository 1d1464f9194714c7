import { orAborted } from "@anybroker/core/driver";
import type { ServiceBusReceivedMessage } from "@azure/service-bus";
import Long from "long";
import type { LinkState } from "../state/link-state.ts";
import { sequenceOf } from "../wire.ts";

/** The most messages that the service returns at once. */
const PAGE = 250;

/** Which messages of an entity are looked at: those that are received, or its dead letters. */
export interface Peeked {
  readonly path: string;
  readonly dead: boolean;
}

/** Looks at messages in the order of their numbers, from behind one of them, and changes nothing. */
export async function* peek(
  link: LinkState,
  { path, dead }: Peeked,
  after: string | undefined,
  signal: AbortSignal,
): AsyncGenerator<ServiceBusReceivedMessage> {
  const receiver = link.connection.client.createReceiver(path, {
    skipParsingBodyAsJson: true,
    skipConvertingDate: true,
    ...(dead ? { subQueueType: "deadLetter" } : {}),
  });
  let from = numberOf(after).add(1);
  for (;;) {
    const page = await orAborted(
      receiver.peekMessages(PAGE, { fromSequenceNumber: from, abortSignal: signal }),
      signal,
    );
    const last = page.at(-1)?.sequenceNumber;
    if (last === undefined) return;
    yield* page;
    from = last.add(1);
  }
}

function numberOf(text = ""): Long {
  return /^\d{1,19}$/.test(text) ? Long.fromString(text) : Long.NEG_ONE;
}

/** Whether there is a message with this number. */
export async function isThere(link: LinkState, peeked: Peeked, number: string, signal: AbortSignal): Promise<boolean> {
  if (!/^\d{1,19}$/.test(number)) return false;
  for await (const found of peek(link, peeked, Long.fromString(number).sub(1).toString(), signal)) {
    return sequenceOf(found) === number;
  }
  return false;
}
