import type { Propagation } from "../api/connecting.ts";
import { type DeliverEvent, deliverTracing } from "../api/diagnostics.ts";
import type { MessageSource } from "../api/message.ts";
import type { BrokerIdentity } from "../base/broker-identity.ts";
import { withoutSecrets } from "../base/redact.ts";
import type { HeldMessage } from "./held-message.ts";

type Invoke = (messages: readonly HeldMessage[]) => unknown;

/**
 * Wraps a handler so that it runs in the trace context of its messages, and is traced on the channel `anybroker:deliver`.
 * The channel gets what the handler throws without secrets.
 */
export function traced(
  invoke: Invoke,
  broker: BrokerIdentity,
  source: MessageSource,
  propagation: Propagation | undefined,
): Invoke {
  const isExtracting = propagation?.extract !== undefined;
  return (messages) => {
    if (!isExtracting && !deliverTracing.hasSubscribers) return invoke(messages);
    const event: DeliverEvent = {
      broker,
      source,
      messages: messages.map(({ id, headers, attempt, delivery }) => ({
        ...{ id, headers, attempt },
        size: delivery.body.length,
      })),
    };
    const run = (): unknown => invoke(messages);
    const inContext = (): unknown => (propagation?.extract === undefined ? run() : propagation.extract(event, run));
    if (!deliverTracing.hasSubscribers) return inContext();
    let thrown: unknown;
    const shown = async (): Promise<unknown> => {
      try {
        return await inContext();
      } catch (error) {
        thrown = error;
        throw withoutSecrets(error);
      }
    };
    return deliverTracing.tracePromise(shown, event).catch(() => {
      throw thrown;
    });
  };
}
