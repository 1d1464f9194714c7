import type { Foreign, ForeignValue, Removable } from "@anybroker/conformance";
import { DELAY_STEPS } from "@anybroker/core/driver";
import { type Channel, type ConsumeMessage, connect } from "amqplib";

/** amqplib without anybroker: for what other programs do to the same server. */
export interface PlainClient extends Foreign {
  remove(what: Removable): Promise<void>;
  close(): Promise<void>;
}

/** Connects it. */
export async function plainClient(url: string): Promise<PlainClient> {
  const connection = await connect(url);
  const channel = await connection.createConfirmChannel();
  return {
    values: ["integer", "binary", "list"],
    async send(queue, { body, headers }) {
      channel.sendToQueue(queue, Buffer.from(body), { headers: raw(headers), persistent: true });
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
    remove: (what) => remove(channel, what),
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

async function remove(channel: Channel, what: Removable): Promise<void> {
  const name =
    "queue" in what ? what.queue : "subscription" in what ? `${what.topic}.sub.${what.subscription}` : what.topic;
  const steps = DELAY_STEPS.map((ms) => `${name}.delay.${ms}`);
  const queues =
    "queue" in what || "subscription" in what ? [name, `${name}.dlq`, ...steps] : [`${name}.delay`, ...steps];
  const exchanges = "queue" in what || "subscription" in what ? [] : [name, `${name}.sub`, `${name}.delay`, ...steps];
  await Promise.all([
    ...queues.map((queue) => channel.deleteQueue(queue)),
    ...exchanges.map((exchange) => channel.deleteExchange(exchange)),
  ]);
}
