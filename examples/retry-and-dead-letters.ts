// When a handler throws, its message is retried, and then dead-lettered. Once the bug is fixed, it is replayed.
import { setTimeout as sleep } from "node:timers/promises";
import { connect } from "@anybroker/memory";

await using broker = await connect(process.env.BROKER_URL ?? "memory:");
const payments = broker.queue<{ amount: number; currency: string }>("example-payments");
const done = Promise.withResolvers<void>();
let rates: Record<string, number> = { EUR: 1 };

await using _consumer = await payments.consume(
  ({ body, attempt }) => {
    const rate = rates[body.currency];
    console.log(`${body.amount} ${body.currency}, attempt ${attempt}: ${rate ? `${body.amount * rate} EUR` : "fails"}`);
    if (rate === undefined) throw new Error(`no rate for ${body.currency}`);
    if (body.currency === "CHF") done.resolve();
  },
  { retry: { attempts: 3, backoff: { initial: 100, factor: 2 } }, onError: () => undefined },
);

await payments.send({ amount: 10, currency: "CHF" });
while ((await payments.deadLetters.count()) === 0) await sleep(50);
for await (const { reason, error, attempts } of payments.deadLetters.list()) {
  console.log(`dead-lettered after ${attempts} attempts: ${reason}, ${error}`);
}

rates = { EUR: 1, CHF: 1.1 };
console.log("fixed: it is replayed to this queue");
await payments.deadLetters.replay({ all: true });
await done.promise;
