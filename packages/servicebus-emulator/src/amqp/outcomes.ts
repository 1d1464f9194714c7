import { EntityError } from "../entities/errors.ts";
import type { Lock, Properties } from "../entities/message.ts";
import type { MessageQueue } from "../entities/queue.ts";
import type { Outcome } from "./rhea.ts";
import { textOf } from "./text.ts";

/**
 * Does with a message what the client's outcome asks for.
 *
 * https://learn.microsoft.com/azure/service-bus-messaging/service-bus-amqp-protocol-guide
 */
export function settle(queue: MessageQueue, lock: Lock, state: Outcome | undefined): void {
  switch (state?.constructor.composite_type ?? "") {
    case "accepted":
      queue.complete(lock);
      return;
    case "rejected": {
      const { DeadLetterReason, DeadLetterErrorDescription, ...changes } = state?.error?.info ?? {};
      queue.deadLetter(lock, textOf(DeadLetterReason), textOf(DeadLetterErrorDescription), changes);
      return;
    }
    case "modified":
      if (state?.undeliverable_here) queue.defer(lock, changesOf(state));
      else queue.abandon(lock, changesOf(state));
      return;
    case "released":
      queue.release(lock);
      return;
    default:
      throw new EntityError("invalid", "A message is accepted, rejected, modified or released.");
  }
}

function changesOf(state: Outcome | undefined): Properties | undefined {
  return state?.message_annotations ?? undefined;
}
