// How to test code that waits, without waiting: the embedded broker, and a clock that is moved by hand.
import assert from "node:assert/strict";
import { type Broker, connect, manualClock, memory } from "@anybroker/memory";

/** The code under test: it knows nothing of the embedded broker. */
async function remind(broker: Broker, tell: (text: string) => void): Promise<void> {
  const reminders = broker.queue<string>("reminders");
  await reminders.consume(
    ({ body, attempt }) => {
      if (attempt === 1) throw new Error("the mail server is down");
      tell(body);
    },
    { retry: { backoff: { initial: 60_000, jitter: 0 } }, onError: () => undefined },
  );
  await reminders.send("call Bob", { delay: 86_400_000 });
}

const clock = manualClock();
await using broker = await connect(memory(), { clock });
const told: string[] = [];
await remind(broker, (text) => told.push(text));

await clock.advance(86_399_999);
assert.deepEqual(told, []);
console.log("nothing in the first day");

await clock.advance(1);
assert.deepEqual(told, []);
console.log("after a day the first attempt, which fails");

await clock.advance(60_000);
assert.deepEqual(told, ["call Bob"]);
console.log("a minute later the second: call Bob");
