import { once } from "node:events";
import rhea, { type ConnectionOptions, type EventContext } from "rhea";
import type { Body, Contender, Reader } from "../contender.ts";
import { createQueue } from "./queue.ts";

/** The format of a transfer that has several messages. */
const batchFormat = 0x8001_3700;
/** How many batches are on their way at once. */
const inFlight = 4;

/** An encoded message up to its body. Every message has the same id: encoding is no part of the emulator's work. */
const head = rhea.message
  .encode({ message_id: crypto.randomUUID(), content_type: "application/json", body: rhea.message.data_section("") })
  .subarray(0, -5);

/** A data section with some bytes. AMQP 1.0, part 3.2.6. */
function dataSection(parts: readonly Buffer[]): readonly Buffer[] {
  const start = Buffer.from([0, 0x53, 0x75, 0xb0, 0, 0, 0, 0]);
  start.writeUInt32BE(
    parts.reduce((sum, { length }) => sum + length, 0),
    4,
  );
  return [start, ...parts];
}

/** The most that the emulator gives: the protocol alone, without the SDK, and messages that are already encoded. */
export async function open(url: string, queue: string): Promise<Contender> {
  await createQueue(url, queue);
  const { username, password, hostname, port } = new URL(url.replace(/^servicebus:/, "http:"));
  // rhea has the option for Nagle's algorithm, but not in its types.
  const options: ConnectionOptions & { readonly tcp_no_delay: boolean } = {
    host: hostname,
    port: Number(port),
    username: decodeURIComponent(username),
    password: decodeURIComponent(password),
    tcp_no_delay: true,
    reconnect: false,
  };
  const connection = rhea.create_container().connect(options);
  await once(connection, "connection_open");
  const sender = connection.open_sender({ target: { address: queue } });
  await once(sender, "sendable");
  const unsettled = new Map<unknown, (error?: unknown) => void>();
  const settle = ({ delivery }: EventContext, error?: unknown): void => {
    unsettled.get(delivery)?.(error);
    unsettled.delete(delivery);
  };
  sender.on("accepted", (context: EventContext) => settle(context));
  sender.on("rejected", (context: EventContext) => settle(context, new Error("a batch was rejected")));
  const waiting: { readonly bytes: readonly Buffer[]; readonly settled: (error?: unknown) => void }[] = [];
  let isQueued = false;

  function flush(): void {
    isQueued = false;
    if (unsettled.size >= inFlight || waiting.length === 0) return;
    const taken = waiting.splice(0, 1_000);
    const delivery = sender.send(Buffer.concat(taken.flatMap(({ bytes }) => bytes)), undefined, batchFormat);
    unsettled.set(delivery, (error) => {
      for (const { settled } of taken) settled(error);
      schedule();
    });
  }

  function schedule(): void {
    if (isQueued) return;
    isQueued = true;
    setImmediate(flush);
  }

  const send = (body: Body): Promise<void> =>
    new Promise((resolve, reject) => {
      const bytes = dataSection([head, ...dataSection([Buffer.from(JSON.stringify(body))])]);
      waiting.push({ bytes, settled: (error) => (error === undefined ? resolve() : reject(error)) });
      schedule();
    });

  return {
    send,
    sendBatch: (bodies) => Promise.all(bodies.map(send)),
    async consume(handler): Promise<Reader> {
      const receiver = connection.open_receiver({
        source: { address: queue },
        credit_window: 1_000,
        autoaccept: false,
        rcv_settle_mode: 1,
      });
      receiver.on("message", ({ message, delivery }: EventContext) => {
        void handler(JSON.parse(message?.body.content)).then(() => delivery?.accept());
      });
      await once(receiver, "receiver_open");
      return {
        async close() {
          receiver.close();
          await once(receiver, "receiver_close");
        },
      };
    },
    async close() {
      connection.close();
      await once(connection, "connection_close");
    },
  };
}
