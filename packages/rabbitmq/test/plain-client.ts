import type { ForeignClient, ForeignValue } from "@anybroker/conformance";
import { type ConsumeMessage, connect } from "amqplib";

/** amqplib without anybroker: for what other programs do to the same server. */
export interface PlainClient extends ForeignClient {
  close(): Promise<void>;
}

/** Connects a {@link PlainClient}. */
export async function plainClient(url: string): Promise<PlainClient> {
  const connection = await connect(url);
  const channel = await connection.createConfirmChannel();
  return {
    values: ["integer", "binary", "list"],
    async send(queue, { body, headers, sentAt }) {
      const timestamp = sentAt === undefined ? {} : { timestamp: Math.floor(sentAt / 1_000) };
      channel.sendToQueue(queue, Buffer.from(body), { headers: raw(headers), persistent: true, ...timestamp });
      await channel.waitForConfirms();
    },
    async receive(queue, signal) {
      for (;;) {
        signal.throwIfAborted();
        const message = await channel.get(queue, { noAck: true });
        if (message !== false) return { body: message.content, headers: headersOf(message) };
      }
    },
    // The cast is true: the driver hands out what amqplib gave it.
    headersOf: (native) => headersOf(native as ConsumeMessage),
    close: () => connection.close(),
  };
}

function raw(headers: Readonly<Record<string, ForeignValue>>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [name, value instanceof Uint8Array ? Buffer.from(value) : value]),
  );
}

function headersOf(message: Pick<ConsumeMessage, "properties">): Readonly<Record<string, ForeignValue>> {
  return message.properties.headers ?? {};
}
