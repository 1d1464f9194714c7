import type { Destination, OutgoingMessage, ReportOutcome, SendFailure } from "@anybroker/core/driver";
import { MemoryError } from "./broker/memory-error.ts";
import { QueueStore } from "./broker/queue-store.ts";
import type { TopicStore } from "./broker/topic-store.ts";
import type { LinkState } from "./state/link-state.ts";
import { sourceStore, topicStore } from "./topology.ts";
import { copyIn } from "./wire.ts";

/** `Link.send`. */
export function send(
  link: LinkState,
  destination: Destination,
  batch: readonly OutgoingMessage[],
  report: ReportOutcome,
): void {
  // Once a message of a key is refused, the others of that key must not pass it when it is sent again.
  let refusedKeys: Set<string> | undefined;
  for (const [index, message] of batch.entries()) {
    const { key } = message;
    const failure = key !== undefined && refusedKeys?.has(key) ? keyRefused() : sendOne(link, destination, message);
    if (failure !== undefined && key !== undefined) {
      refusedKeys ??= new Set();
      refusedKeys.add(key);
    }
    report(index, failure);
  }
}

function keyRefused(): SendFailure {
  return {
    error: new MemoryError("refused", "an earlier message of this key was not accepted"),
    outcomeUnknown: false,
  };
}

function sendOne(link: LinkState, destination: Destination, outgoing: OutgoingMessage): SendFailure | undefined {
  const { connection } = link;
  const { id } = outgoing;
  try {
    connection.check();
    const fault = connection.instance.fault(() => ({ kind: "send", destination: destination.name, id }));
    if (fault === "refuse") throw new MemoryError("refused", "the fault hook refused the message");
    store(link, destination, outgoing);
    if (fault === undefined) return undefined;
  } catch (error) {
    return { error, outcomeUnknown: false };
  }
  return { error: new MemoryError("unconfirmed", "the fault hook held back the confirm"), outcomeUnknown: true };
}

function store(link: LinkState, destination: Destination, outgoing: OutgoingMessage): void {
  const { instance } = link.connection;
  const target = storeOf(link, destination);
  const message = copyIn(outgoing);
  const { deliverAt, onUnrouted } = outgoing;
  const isDelayed = deliverAt !== undefined && deliverAt > instance.timers.now;
  const copies = target instanceof QueueStore || isDelayed ? 1 : target.copies(message);
  if (!instance.hasRoom(copies, copies * message.size)) {
    const held = `${instance.messages} messages, ${instance.bytes} bytes`;
    throw new MemoryError("full", `${destination.name}: the instance is full, with ${held}`);
  }
  if (!(target instanceof QueueStore)) {
    target.publish(message, isDelayed ? deliverAt : undefined);
    if (onUnrouted !== undefined && !target.isWanted(message)) onUnrouted();
  } else if (isDelayed) target.addLater(message, deliverAt);
  else target.add(message);
}

function storeOf(link: LinkState, destination: Destination): QueueStore | TopicStore {
  return destination.kind === "queue" ? sourceStore(link, destination) : topicStore(link, destination);
}
