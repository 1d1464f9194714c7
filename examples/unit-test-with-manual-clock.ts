// How to test code that waits, without waiting: the embedded broker, and a clock that the test advances.
import assert from "node:assert/strict";
import { type Broker, connect, manualClock, memory } from "@anybroker/memory";

/** The code under test. It works with any broker. */
async function remind(broker: Broker, notify: (text: string) => void): Promise<void> {
  const reminders = broker.queue<string>("reminders");
  await reminders.consume(
    ({ body, attempt }) => {
      if (attempt === 1) throw new Error("the mail server is down");
      notify(body);
    },
    { retry: { backoff: { initial: 60_000, jitter: 0 } }, onError: () => undefined },
  );
  await reminders.send("call Bob", { delay: 86_400_000 });
}

const clock = manualClock();
await using broker = await connect(memory(), { clock });
const notified: string[] = [];
await remind(broker, (text) => notified.push(text));

await clock.advance(86_399_999);
assert.deepEqual(notified, []);
console.log("nothing in the first day");

await clock.advance(1);
assert.deepEqual(notified, []);
console.log("the first attempt, after a day, fails");

await clock.advance(60_000);
assert.deepEqual(notified, ["call Bob"]);
console.log("the second attempt, a minute later: call Bob");
