// BROKER_URL=amqp://localhost node worker.ts, as often as you like: the workers share the queue
import { connect } from "@anybroker/rabbitmq";

const { BROKER_URL } = process.env;
if (BROKER_URL === undefined) throw new Error("BROKER_URL is missing: amqp://localhost, for example");
const broker = await connect(BROKER_URL);
const emails = broker.queue<{ to: string }>("emails");

// Before the first message comes. Handlers that run may finish, and what no handler has begun goes back.
for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, () => void broker.close());

await emails.consume(async ({ body }) => console.log(`a mail to ${body.to}`), {
  concurrency: 8,
  onError: (error) => console.error(error),
});
