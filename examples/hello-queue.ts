// Sends a message to a queue and consumes it.
import { connect } from "@anybroker/memory";

await using broker = await connect(process.env.BROKER_URL ?? "memory:");
const greetings = broker.queue<{ to: string }>("example-hello");
const done = Promise.withResolvers<void>();

await greetings.send({ to: "Ada" }); // resolves when the broker has stored it
console.log("sent before there is a consumer");

await using _consumer = await greetings.consume(({ body }) => {
  console.log(`Hello, ${body.to}!`);
  done.resolve();
}); // when the handler returns, the message is acked

await done.promise;
