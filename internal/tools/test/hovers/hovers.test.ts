// The text that an editor shows when the mouse rests on a name. It must be short enough to be read.
import { afterAll, beforeAll, expect, test } from "vitest";
import { LanguageServer } from "./language-server.ts";

const CODE = `
import { connect, redis } from "@anybroker/redis";

interface Order { readonly id: string; readonly total: number }
interface Visit { readonly page: string; readonly at: Date }

const broker = await connect(redis({ url: "redis://localhost" }));
const anyBroker = await connect("redis://localhost");
const orders = broker.queue<Order>("orders");
const visits = broker.topic<Visit>("visits");
await orders.send({ id: "7", total: 12 }, { ttl: 5_000 });
await orders.consume((message) => console.log(message.body));
await visits.subscribe("log", ({ body: visit }) => console.log(visit));
await visits.publish({ page: "/", at: new Date() });
await orders.deadLetters.replay({ all: true });
await broker.purge({ queues: ["orders"] });
await broker.delete({ queues: ["orders"] });
`;

let server: LanguageServer;
beforeAll(async () => {
  server = await LanguageServer.open(CODE);
});
afterAll(() => server[Symbol.asyncDispose]());

test.for([
  ["broker =", "const broker: Broker<RedisCapabilities, RedisNative>"],
  ["anyBroker =", "const anyBroker: Broker<Declared, unknown>"],
  ["orders =", "const orders: Queue<RedisCapabilities, Order, Order>"],
  ["visits =", "const visits: Topic<RedisCapabilities, Visit, { readonly page: string; readonly at: string; }>"],
  [
    "send(",
    "(method) Queue<RedisCapabilities, Order, Order>.send(body: Order, options?: SendOptions<RedisCapabilities> | undefined): Promise<Receipt>",
  ],
  ["message)", "(parameter) message: Message<Order>"],
  ["body)", "(property) Message<Order>.body: Order"],
  ["visit)", "(parameter) visit: { readonly page: string; readonly at: string; }"],
] as const)("%s", async ([word, shown]) => {
  expect(await server.hover(word)).toBe(shown);
  expect(shown.length).toBeLessThanOrEqual(200);
});

test.for(['connect("', "send(", "consume(", "subscribe(", "publish(", "replay(", "purge(", "delete("])(
  "%s shows an example",
  async (word) => {
    expect(await server.markdown(word)).toMatch(/@example[\s\S]*await /);
  },
);
