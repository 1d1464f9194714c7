// BROKER_URL=amqp://localhost node sender.ts ada@example.com
import { connect } from "@anybroker/rabbitmq";

const { BROKER_URL } = process.env;
if (BROKER_URL === undefined) throw new Error("BROKER_URL is missing: amqp://localhost, for example");
await using broker = await connect(BROKER_URL);
const emails = broker.queue<{ to: string }>("emails");

const [, , to = "ada@example.com"] = process.argv;
await emails.send({ to }); // resolves when the broker has stored it, with or without a worker
