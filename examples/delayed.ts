// A message for later: the broker keeps it until then, even if every program is down in the meantime.
import { connect } from "@anybroker/memory";

await using broker = await connect(process.env.BROKER_URL ?? "memory:");
const reminders = broker.queue<{ text: string; due: number }>("example-reminders");
const done = Promise.withResolvers<void>();

await using _consumer = await reminders.consume(({ body }) => {
  console.log(`${body.text}: ${Date.now() >= body.due ? "not too early" : "too early"}`);
  if (body.text === "later") done.resolve();
});

const now = Date.now();
await Promise.all([
  reminders.send({ text: "later", due: now + 3_000 }, { delay: 3_000 }),
  reminders.send({ text: "soon", due: now + 1_000 }, { deliverAt: new Date(now + 1_000) }),
  reminders.send({ text: "at once", due: now }),
]);
await done.promise;
