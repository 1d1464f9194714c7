import type { ForeignClient, ForeignValue } from "@anybroker/conformance";
import { ServiceBusClient, type ServiceBusReceivedMessage } from "@azure/service-bus";

/** The SDK without anybroker: for what other programs do with the same namespace. */
export interface PlainClient extends ForeignClient {
  close(): Promise<void>;
}

/** A client of the SDK for a URL of the adapter. */
export function sdkClient(url: string): ServiceBusClient {
  const { username, password, host } = new URL(url.replace(/^servicebus:/, "http:"));
  const access = `SharedAccessKeyName=${decodeURIComponent(username)};SharedAccessKey=${decodeURIComponent(password)}`;
  return new ServiceBusClient(`Endpoint=sb://${host};${access};UseDevelopmentEmulator=true`);
}

/** Connects a {@link PlainClient}. */
export function plainClient(url: string): PlainClient {
  const client = sdkClient(url);
  return {
    values: ["integer", "binary"],
    async send(queue, { body, headers, sentAt }) {
      // The SDK would send a time that no Date can have as 0.
      if (Number.isNaN(new Date(sentAt ?? 0).getTime())) throw new RangeError(`no Date can have the time ${sentAt}`);
      const sender = client.createSender(queue);
      const properties = sentAt === undefined ? {} : { creationTime: sentAt };
      // The cast is true: the values are texts, numbers and Buffers.
      const applicationProperties = raw(headers) as Record<string, string>;
      await sender.sendMessages({ body: Buffer.from(body), bodyType: "data", properties, applicationProperties });
      await sender.close();
    },
    async receive(queue, signal) {
      const receiver = client.createReceiver(queue, { receiveMode: "receiveAndDelete", skipParsingBodyAsJson: true });
      try {
        for (;;) {
          signal.throwIfAborted();
          const [message] = await receiver.receiveMessages(1, { maxWaitTimeInMs: 1_000 });
          if (message !== undefined) return { body: message.body, headers: headersOf(message) };
        }
      } finally {
        await receiver.close();
      }
    },
    // The cast is true: the driver hands out what the SDK gave it.
    headersOf: (native) => headersOf(native as ServiceBusReceivedMessage),
    close: () => client.close(),
  };
}

function raw(headers: Readonly<Record<string, ForeignValue>>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [name, value instanceof Uint8Array ? Buffer.from(value) : value]),
  );
}

function headersOf({ applicationProperties = {} }: ServiceBusReceivedMessage): Readonly<Record<string, ForeignValue>> {
  // The cast is true: the service carries texts, numbers and bytes.
  return applicationProperties as Readonly<Record<string, ForeignValue>>;
}
