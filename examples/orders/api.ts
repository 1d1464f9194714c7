import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { DatabaseSync } from "node:sqlite";
import { json } from "node:stream/consumers";
import { type Broker, BrokerError } from "@anybroker/core";
import { type Order, orders } from "./orders.ts";

interface Reply {
  readonly status: number;
  readonly body: unknown;
}

const LARGEST_BODY = 10_000;

/** Serves POST /orders and GET /orders/:id. */
export async function startApi(broker: Broker, store: DatabaseSync, port: number): Promise<Server> {
  const queue = orders(broker);
  const find = store.prepare("SELECT id, article, quantity, status FROM orders WHERE id = ?");
  // The worker may have been faster.
  const insert = store.prepare("INSERT INTO orders VALUES (?, ?, ?, 'accepted') ON CONFLICT DO NOTHING");

  async function create(request: IncomingMessage): Promise<Reply> {
    // A client that got no answer or 503 asks again with the same key: it is the same order.
    const id = request.headers["idempotency-key"] ?? randomUUID();
    if (typeof id !== "string" || !/^[\w-]{1,64}$/.test(id)) return failure(400, "the idempotency-key is not valid");
    if (!(Number(request.headers["content-length"]) <= LARGEST_BODY)) return failure(413, "the body is too large");
    // The schema of the queue checks it.
    const order = (await json(request)) as Order;
    await queue.send(order, { id, timeout: 5_000 }); // resolves when the broker has stored the order
    insert.run(id, order.article, order.quantity);
    return { status: 202, body: { id } };
  }

  async function reply(request: IncomingMessage): Promise<Reply> {
    const [, collection, id, ...more] = (request.url ?? "").split("/");
    if (collection !== "orders" || more.length > 0) return failure(404, "there is no such page");
    if (request.method === "POST" && id === undefined) return create(request);
    if (request.method !== "GET" || id === undefined) return failure(405, "use POST /orders or GET /orders/:id");
    const order = find.get(id);
    return order === undefined ? failure(404, "there is no such order") : { status: 200, body: order };
  }

  async function respond(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { status, body } = await reply(request).catch(refusal);
    response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
  }

  const server = createServer((request, response) => void respond(request, response));
  server.listen(port);
  await once(server, "listening");
  return server;
}

const failure = (status: number, error: string): Reply => ({ status, body: { error } });

function refusal(error: unknown): Reply {
  if (error instanceof SyntaxError) return failure(400, "the body is not JSON");
  if (error instanceof BrokerError && error.code === "INVALID_BODY") return failure(400, error.message);
  console.error(error);
  // The broker may have the order all the same: see error.outcomeUnknown.
  if (error instanceof BrokerError)
    return failure(503, "the order may not have been accepted: try again, with its key");
  return failure(500, "internal error");
}
