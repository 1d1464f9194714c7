import { deliverTracing } from "../api/diagnostics.ts";
import type { MessageSource } from "../api/message.ts";
import { withoutSecrets } from "../base/redact.ts";
import type { HeldMessage } from "./held-message.ts";

type Invoke = (messages: readonly HeldMessage[]) => unknown;
type Extract = <T>(headers: Readonly<Record<string, string>>, run: () => T) => T;

/**
 * Wraps a handler so that it runs in the trace context of its message, for a batch of its first message, and is traced
 * on the channel `anybroker:deliver`. The channel gets what the handler throws without secrets.
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
    let thrown: unknown;
    const run = async (): Promise<unknown> => {
      try {
        return await inContext(messages);
      } catch (error) {
        thrown = error;
        throw withoutSecrets(error);
      }
    };
    return deliverTracing.tracePromise(run, event).catch(() => {
      throw thrown;
    });
  };
}
