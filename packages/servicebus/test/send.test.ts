import { live, message, queue, reading, sent, take, topic } from "@anybroker-internal/testkit/link";
import { expect, test } from "vitest";
import { classify } from "../src/errors.ts";
import { emulatorForTest, open } from "./harness.ts";

const ORDERS = queue("orders");
const codeOf = (error: unknown): string => classify(error).code;

/** The codes of what was sent. */
async function codes(...args: Parameters<typeof sent>): Promise<readonly string[]> {
  const outcomes = await sent(...args);
  return outcomes.map((outcome) => (outcome === "accepted" ? outcome : codeOf(outcome.error)));
}

test("a body that the service finds too large is TOO_LARGE, and its neighbours are stored", async () => {
  const emulator = await emulatorForTest();
  emulator.namespace.createQueue("orders");
  const link = await open(emulator);
  const batch = [message("a"), message("b", { body: Buffer.alloc(300_000) }), message("c")];
  expect(await codes(link, ORDERS, batch)).toEqual(["accepted", "TOO_LARGE", "accepted"]);
});

test("a message with as many headers as the limits allow is stored, also between others", async () => {
  const emulator = await emulatorForTest();
  emulator.namespace.createQueue("orders");
  const link = await open(emulator);
  const headers = { one: "x".repeat(30_000), two: "y".repeat(27_000) };
  const batch = [message("a"), message("b", { body: Buffer.alloc(196_608), headers }), message("c")];
  expect(await sent(link, ORDERS, batch)).toEqual(["accepted", "accepted", "accepted"]);
});

test("more than fits into one transfer is sent in several, in order", async () => {
  const emulator = await emulatorForTest();
  emulator.namespace.createQueue("orders");
  const link = await open(emulator);
  const batch = Array.from({ length: 20 }, (_, index) => message(`m${index}`, { body: Buffer.alloc(50_000) }));
  expect(new Set(await sent(link, ORDERS, batch))).toEqual(new Set(["accepted"]));
  const deliveries = await take(await reading(link, ORDERS, { window: 20 }), 20);
  expect(deliveries.map(({ id }) => id)).toEqual(batch.map(({ id }) => id));
});

test("a busy service is THROTTLED in its own words, and later messages do not pass the refused ones", async () => {
  const emulator = await emulatorForTest();
  emulator.namespace.createQueue("orders");
  const link = await open(emulator);
  emulator.faults.serverBusy("orders", 1);
  const batch = Array.from({ length: 8 }, (_, index) => message(`m${index}`, { body: Buffer.alloc(50_000) }));
  const outcomes = await sent(link, ORDERS, batch);
  for (const outcome of outcomes) {
    expect(outcome).toMatchObject({
      outcomeUnknown: false,
      error: { message: expect.stringMatching(/throttled.*10 seconds/) },
    });
    expect(outcome !== "accepted" && classify(outcome.error)).toEqual({ code: "THROTTLED", retryable: true });
  }
  expect(await sent(link, ORDERS, batch.slice(0, 1))).toEqual(["accepted"]);
});

test("a full queue is QUOTA, a disabled one UNAVAILABLE, a missing one NOT_FOUND", async () => {
  const emulator = await emulatorForTest();
  emulator.namespace.createQueue("orders", { maxSize: 10 });
  emulator.namespace.createQueue("off", { status: "SendDisabled" });
  const link = await open(emulator, {}, { topology: "none" });
  expect(await codes(link, ORDERS, [message("a"), message("b")])).toEqual(["QUOTA", "QUOTA"]);
  expect(await codes(link, queue("off"), [message("a")])).toEqual(["UNAVAILABLE"]);
  expect(await codes(link, queue("gone"), [message("a")])).toEqual(["NOT_FOUND"]);
});

test("an account that may only listen cannot send, which is FORBIDDEN, and its sources have no return queue", async () => {
  const keys = [
    { name: "all", key: "1" },
    { name: "listener", key: "2", claims: ["Listen"] },
  ] as const;
  const emulator = await emulatorForTest({ keys });
  emulator.namespace.createQueue("orders");
  const url = emulator.connectionString.replace("all", "listener").replace("=1;", "=2;");
  const link = await open(emulator, { url }, { topology: "none" });
  expect(await codes(link, ORDERS, [message("a")])).toEqual(["FORBIDDEN"]);
  expect((await reading(link, ORDERS)).returns).toBe(false);
});

test("a send that is aborted ends at once", async () => {
  const emulator = await emulatorForTest();
  const { queue: stored } = emulator.namespace.createQueue("orders");
  const link = await open(emulator);
  await sent(link, ORDERS, [message("warm")]);
  emulator.faults.delaySettlements("orders", 20_000);
  const stop = new AbortController();
  const sending = sent(link, ORDERS, [message("a")], stop.signal);
  // The service has it, and has not said so.
  await expect.poll(() => stored.count("active")).toBe(2);
  stop.abort(new Error("enough"));
  const since = performance.now();
  expect(await sending).toEqual([expect.objectContaining({ outcomeUnknown: true })]);
  expect(performance.now() - since).toBeLessThan(5_000);
});

test("each message of a topic has a session, so that an ordered subscription gets it", async () => {
  const emulator = await emulatorForTest();
  const link = await open(emulator);
  const news = topic("news");
  await link.declare([news], "create", live);
  emulator.namespace.createSubscription("news", "all");
  await sent(link, news, [message("a"), message("b", { key: "k" })]);
  const receiver = link.native.client.createReceiver("news", "all");
  const messages = await receiver.peekMessages(5);
  expect(messages.map(({ sessionId }) => sessionId)).toEqual(["anybroker-no-key", "k"]);
});
