import type { Delivery } from "@anybroker/core/driver";
import {
  declared,
  linked,
  live,
  message,
  queue,
  reading,
  sent,
  settle,
  take,
  takeOne,
} from "@anybroker-internal/testkit/link";
import { expect, test } from "vitest";
import { classify } from "../../src/errors.ts";
import { redis } from "../../src/index.ts";
import { open, plain, server, unique } from "../harness.ts";

const ack = (delivery: Delivery) => ({ action: "ack", delivery }) as const;

test("an entry that is handed over again and again and never settled ends in the dead letters", async () => {
  const link = await open();
  const entity = await declared(link, queue(unique("queue")));
  const client = plain();
  const [stream, group] = [`{${entity.name}}`, entity.name];
  await sent(link, queue(entity.name), [message("poison"), message("good")]);
  const found = await client.xreadgroup("GROUP", group, "somebody", "COUNT", 1, "STREAMS", stream, ">");
  const id = String(/\d+-\d+/.exec(JSON.stringify(found)));
  await client.call("XCLAIM", stream, group, "anybroker-released", 0, id, "RETRYCOUNT", 100);
  const source = await reading(link, entity);
  expect(await takeOne(source)).toMatchObject({ id: "good" });
  expect((await link.deadLetters(entity).list(5, undefined, live)).map((one) => one.id)).toEqual(["poison"]);
  expect(await link.stats(entity, live)).toEqual({ ready: 0, delayed: 0, inFlight: 1, dead: 1 });
});

test("an entry of another program with more fields than can be copied does not hold up the others", async () => {
  const link = await open();
  const entity = await declared(link, queue(unique("queue")));
  const client = plain();
  const [stream, group] = [`{${entity.name}}`, entity.name];
  const id = String(await client.xadd(stream, "*", ...Array.from({ length: 10_000 }, (_, index) => `${index}`)));
  await sent(link, queue(entity.name), [message("good")]);
  await client.xreadgroup("GROUP", group, "somebody", "COUNT", 1, "STREAMS", stream, ">");
  await client.call("XCLAIM", stream, group, "anybroker-released", 0, id, "RETRYCOUNT", 100);
  const source = await reading(link, entity);
  const [big, good] = await take(source, 2);
  expect([big?.id, good?.id]).toEqual([id, "good"]);
  if (big === undefined) throw new Error("two are there");
  const [refused] = await settle(source, { action: "deadLetter", delivery: big, headers: {} });
  expect(refused).toMatchObject({ lost: false });
  expect(classify(refused?.error)).toEqual({ code: "TOO_LARGE", retryable: false });
  expect(await settle(source, ack(big))).toEqual([undefined]);
});

test("a foreign consumer whose name ends with an impossible lease holds up nothing, and its entry comes after our own lease", async () => {
  const link = await open({}, { lease: 200 });
  const entity = await declared(link, queue(unique("queue")));
  await sent(link, queue(entity.name), [message("held"), message("good")]);
  const name = `anybroker-it-${"9".repeat(30)}`;
  await plain().xreadgroup("GROUP", entity.name, name, "COUNT", 1, "STREAMS", `{${entity.name}}`, ">");
  const source = await reading(link, entity);
  expect(new Set((await take(source, 2)).map(({ id }) => id))).toEqual(new Set(["good", "held"]));
});

test("a delayed message waits in a sorted set, and comes when it is due although its sender has gone", async () => {
  const sender = await open();
  const entity = await declared(sender, queue(unique("queue")));
  const due = Date.now() + 400;
  await sent(sender, queue(entity.name), [message("later", { deliverAt: due })]);
  expect(await sender.stats(entity, live)).toEqual({ ready: 0, delayed: 1, inFlight: 0, dead: 0 });
  await sender.close(live);
  const link = await open();
  expect(await takeOne(await reading(link, entity))).toMatchObject({ id: "later" });
  expect(Date.now()).toBeGreaterThanOrEqual(due);
});

test("two broker objects with one driver leave each other's entries alone", async () => {
  const driver = redis({ url: server.url });
  const [link, other] = [await linked(driver), await linked(driver)];
  const entity = await declared(link, queue(unique()));
  await sent(link, entity, [message("a")]);
  const holder = await reading(link, entity);
  await take(holder, 1);
  const idle = await reading(other, entity);
  expect(await idle.receive(1, AbortSignal.timeout(2_500))).toEqual([]);
});
