// node sender.ts ada@example.com
import { connect } from "@anybroker/rabbitmq";

await using broker = await connect(process.env.BROKER_URL ?? "amqp://localhost");
const emails = broker.queue<{ to: string }>("emails");

const [, , to = "ada@example.com"] = process.argv;
await emails.send({ to }); // resolves when the broker has stored it, with or without a worker
