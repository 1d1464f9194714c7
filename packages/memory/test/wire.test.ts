import { live, queue } from "@anybroker-internal/testkit/link";
import { expect, test } from "vitest";
import { LEASE, message, testbed } from "./harness.ts";

const jobs = queue("jobs");

test("changes by the sender to its bytes and headers after a send have no effect", async () => {
  await using it = await testbed();
  await it.declare(jobs);
  const body = Buffer.from("before");
  const headers: Record<string, string> = { colour: "red" };
  await it.send(jobs, message("a", { body, headers }));
  body.fill(0);
  headers.colour = "blue";
  const source = await it.open(jobs);
  const [delivery] = await source.receive(1, live);
  expect(Buffer.from(delivery?.body ?? []).toString()).toBe("before");
  expect({ ...delivery?.headers }).toEqual({ colour: "red" });
  expect(Object.getPrototypeOf(delivery?.headers)).toBe(null);
});

test("changes by a handler to its bytes reach neither a redelivery, nor a retry, nor a dead letter", async () => {
  await using it = await testbed();
  await it.declare(jobs);
  await it.send(jobs, message("a", { body: Buffer.from("intact") }));
  const source = await it.open(jobs);
  const spoil = async () => {
    const [delivery] = await source.receive(1, live);
    if (delivery === undefined) throw new Error("no message was delivered");
    expect(Buffer.from(delivery.body).toString()).toBe("intact");
    expect(delivery.native).toMatchObject({ id: "a", body: delivery.body });
    delivery.body.fill(0);
    return delivery;
  };
  await spoil();
  await it.clock.advance(LEASE);
  await source.settle([{ action: "retry", delivery: await spoil(), delay: 0, headers: {} }], live);
  await source.settle([{ action: "deadLetter", delivery: await spoil(), headers: {} }], live);
  const [dead] = await it.link.deadLetters(jobs).list(1, undefined, live);
  dead?.body.fill(0);
  const [again] = await it.link.deadLetters(jobs).list(1, undefined, live);
  expect(Buffer.from(again?.body ?? []).toString()).toBe("intact");
});
