// Two brokers in one program: orders are placed on one and archived on the other. They connect and close together.
import { connectAll } from "@anybroker/memory";

await using all = await connectAll({ shop: process.env.BROKER_URL ?? "memory:", archive: "memory:archive" });
const { shop, archive } = all.brokers;
const placed = shop.queue<{ order: number }>("example-placed");
const archived = archive.queue<{ order: number }>("archived");
const done = Promise.withResolvers<void>();

await placed.consume(async ({ id = "", body }) => {
  await archived.send(body, { id }); // the same id each time, should the message be handled twice
});
await archived.consume(({ id, body }) => {
  console.log(`${id}: order ${body.order} is archived`);
  done.resolve();
});

await placed.send({ order: 7 }, { id: "order-7" });
await done.promise;
