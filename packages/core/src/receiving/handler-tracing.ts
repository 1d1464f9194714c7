import { deliverTracing } from "../api/diagnostics.ts";
import type { MessageSource } from "../api/message.ts";
import type { HeldMessage } from "./held-message.ts";

type Invoke = (messages: readonly HeldMessage[]) => unknown;
type Extract = <T>(headers: Readonly<Record<string, string>>, run: () => T) => T;

/**
 * Wraps a handler so that it runs in the trace context of its message, for a batch of its first message, and is traced
 * on the channel `anybroker:deliver`.
 */
export function traced(invoke: Invoke, source: MessageSource, extract: Extract | undefined): Invoke {
  const inContext: Invoke =
    extract === undefined ? invoke : (messages) => extract(messages[0]?.headers ?? {}, () => invoke(messages));
  return (messages) => {
    if (!deliverTracing.hasSubscribers) return inContext(messages);
    const [first] = messages;
    const event = {
      source,
      ids: messages.map((held) => held.id),
      attempt: first?.attempt ?? 1,
      headers: first?.headers ?? {},
    };
    return deliverTracing.tracePromise(async () => inContext(messages), event);
  };
}
