// A message goes through a queue.
import { connect } from "@anybroker/memory";

await using broker = await connect(process.env.BROKER_URL ?? "memory:");
const greetings = broker.queue<{ to: string }>("example-hello");
const done = Promise.withResolvers<void>();

await greetings.send({ to: "Ada" }); // resolves when the broker has it safely
console.log("sent, though nobody listens yet");

await using _consumer = await greetings.consume(({ body }) => {
  console.log(`Hello, ${body.to}!`);
  done.resolve();
}); // the handler returns: the message is done and gone

await done.promise;
