import type { ServiceBusReceiver, ServiceBusSessionReceiver } from "@azure/service-bus";

/** The SDK's private objects with the link of a receiver. */
interface Internals {
  readonly _messageSession?: { readonly link: AmqpLink | undefined } | undefined;
  readonly _streamingReceiver?: { readonly link: AmqpLink | undefined } | undefined;
}

interface AmqpLink {
  close(options?: object): Promise<void>;
}

/**
 * Closing the present link of a receiver never rejects from now on. The SDK closes a link that it cannot drain, and leaves it
 * unhandled if that fails, for example because the lock of the session is lost: the process would end.
 */
export function closeQuietly(receiver: ServiceBusReceiver | ServiceBusSessionReceiver): void {
  // The cast is true of 7.9.5.
  const { _messageSession, _streamingReceiver } = receiver as unknown as Internals;
  const { link } = _messageSession ?? _streamingReceiver ?? { link: undefined };
  if (link === undefined) return;
  const close = link.close.bind(link);
  link.close = (options) => close(options).catch(() => {});
}
