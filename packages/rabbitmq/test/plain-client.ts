import type { ForeignClient, ForeignValue, Removable } from "@anybroker/conformance";
import { DELAY_STEPS } from "@anybroker/core/driver";
import { type ChannelModel, type ConsumeMessage, connect } from "amqplib";

/** amqplib without anybroker: for what other programs do to the same server. */
export interface PlainClient extends ForeignClient {
  remove(what: Removable): Promise<void>;
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
    remove: (what) => removeBy(url, what),
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

/**
 * Removes on a connection of its own, and again where that fails: a busy RabbitMQ 3.10 may close the connection with 541
 * (INTERNAL_ERROR) when a quorum queue is deleted that was created only just before.
 */
async function removeBy(url: string, what: Removable): Promise<void> {
  const connection = await connect(url);
  const closed = Promise.withResolvers<number | undefined>();
  connection.on("error", (error: { readonly code?: number }) => closed.resolve(error.code));
  const removed = remove(connection, what).then(() => undefined);
  const code = await Promise.race([removed, closed.promise]);
  if (code === 541) {
    removed.catch(() => {});
    return removeBy(url, what);
  }
  await removed;
  await connection.close();
}

async function remove(connection: ChannelModel, what: Removable): Promise<void> {
  const channel = await connection.createChannel();
  const name =
    "queue" in what ? what.queue : "subscription" in what ? `${what.topic}.sub.${what.subscription}` : what.topic;
  const steps = DELAY_STEPS.map((ms) => `${name}.delay.${ms}`);
  const queues =
    "queue" in what || "subscription" in what ? [name, `${name}.dlq`, ...steps] : [`${name}.delay`, ...steps];
  const exchanges = "queue" in what || "subscription" in what ? [] : [name, `${name}.sub`, `${name}.delay`, ...steps];
  const consumersTold = await watchConsumers(connection, name);
  await Promise.all([
    ...queues.map((queue) => channel.deleteQueue(queue)),
    ...exchanges.map((exchange) => channel.deleteExchange(exchange)),
  ]);
  await consumersTold();
}

/**
 * Returns a function that waits until the server has told the queue's consumers that the queue was deleted. RabbitMQ 3.10
 * tells them up to 100 ms after it has answered the deletion, and never if the queue exists again by then.
 */
async function watchConsumers(connection: ChannelModel, queue: string): Promise<() => Promise<void>> {
  const channel = await connection.createChannel();
  channel.on("error", () => {});
  const { promise, resolve } = Promise.withResolvers<void>();
  try {
    await channel.consume(queue, (message) => message ?? resolve());
  } catch {
    return async () => {};
  }
  return async () => {
    await promise;
    await channel.close();
  };
}
