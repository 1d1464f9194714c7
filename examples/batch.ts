// Batches: many messages are sent with one call, and handled in groups, which suits a database.
import { connect } from "@anybroker/memory";

await using broker = await connect(process.env.BROKER_URL ?? "memory:");
const readings = broker.queue<{ sensor: number; celsius: number }>("example-readings");
const done = Promise.withResolvers<void>();
let rows = 0;

const results = await readings.sendBatch(
  Array.from({ length: 250 }, (_, index) => ({ body: { sensor: index % 5, celsius: 20 + (index % 7) } })),
);
console.log(`${results.filter(({ error }) => error === undefined).length} sent`);

await using _consumer = await readings.consumeBatch(
  async (messages) => {
    // A message can also be settled on its own: `await message.retry()`. The others are acked when the handler returns.
    rows += messages.length;
    console.log(messages.length > 1 ? "several rows written at once" : "one row written");
    if (rows === results.length) done.resolve();
  },
  { max: 100, wait: 200 },
);

await done.promise;
console.log(`${rows} rows in total`);
