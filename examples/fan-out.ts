// Every subscription of a topic gets its own copy; the consumers of one subscription share its copies.
import { connect } from "@anybroker/memory";

await using broker = await connect(process.env.BROKER_URL ?? "memory:");
const signups = broker.topic<{ name: string }>("example-signups");
const names = ["Ada", "Bob", "Cleo", "Dan"];
const seen: Record<"mail" | "statistics", string[]> = { mail: [], statistics: [] };
const done = Promise.withResolvers<void>();

const note = (reader: keyof typeof seen, name: string): void => {
  seen[reader].push(name);
  if (seen.mail.length + seen.statistics.length === 2 * names.length) done.resolve();
};

await using _mail = await signups.subscribe("mail", ({ body }) => note("mail", body.name));
await using _one = await signups.subscribe("statistics", ({ body }) => note("statistics", body.name));
await using _two = await signups.subscribe("statistics", ({ body }) => note("statistics", body.name));

await Promise.all(names.map((name) => signups.publish({ name })));
await done.promise;
console.log(`mail: ${seen.mail.sort().join(", ")}`);
console.log(`statistics, with two consumers: ${seen.statistics.sort().join(", ")}`);
