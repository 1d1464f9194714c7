// Two copies of a message are handled at the same time, and its work is done once. The database decides, with a unique
// key: if the handler looked up the id first, both copies would find nothing. PostgreSQL does the same with the same SQL.
import { DatabaseSync } from "node:sqlite";
import { setTimeout as sleep } from "node:timers/promises";
import { connect } from "@anybroker/memory";

using database = new DatabaseSync(":memory:");
database.exec("CREATE TABLE handled (id TEXT PRIMARY KEY); CREATE TABLE payments (amount INTEGER)");
const claim = database.prepare("INSERT INTO handled (id) VALUES (?) ON CONFLICT DO NOTHING");
const pay = database.prepare("INSERT INTO payments (amount) VALUES (?)");

/** Does the work unless it was done for this id. The id and the work are in one transaction: both are kept, or neither. */
function once(id: string, work: () => void): boolean {
  database.exec("BEGIN IMMEDIATE");
  try {
    const isFirst = claim.run(id).changes === 1;
    if (isFirst) work();
    database.exec("COMMIT");
    return isFirst;
  } catch (error) {
    database.exec("ROLLBACK"); // the id is free again, for the retry
    throw error;
  }
}

await using broker = await connect(process.env.BROKER_URL ?? "memory:");
const payments = broker.queue<{ amount: number }>("example-once");
const results: string[] = [];
const done = Promise.withResolvers<void>();

await payments.consume(
  async ({ id, body }) => {
    if (id === undefined) throw new Error("a message without an id");
    await sleep(20); // both copies are in their handlers now
    results.push(once(id, () => pay.run(body.amount)) ? "paid" : "was paid already");
    if (results.length === 2) done.resolve();
  },
  { concurrency: 2 },
);

// A sender whose confirm was lost sends again, with the same id.
await Promise.all([1, 2].map(() => payments.send({ amount: 12 }, { id: "order-7" })));
await done.promise;
console.log(results.join(", "));
console.log(database.prepare("SELECT count(*) AS payments, sum(amount) AS total FROM payments").get());
