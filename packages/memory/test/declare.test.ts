import type { DeclareMode, Entity } from "@anybroker/core/driver";
import { live, queue, subscription, topic } from "@anybroker-internal/testkit/link";
import { expect, test } from "vitest";
import { classify } from "../src/errors.ts";
import { codeOf, message, testbed } from "./harness.ts";

const jobs = queue("jobs");

test("a missing entity is NOT_FOUND, and one that differs is reported and used as it is", async () => {
  await using it = await testbed();
  const news = topic("news");
  const reader = subscription(news, "reader");
  const declare = (mode: DeclareMode, ...entities: readonly Entity[]) => it.link.declare(entities, mode, live);
  for (const entity of [jobs, news]) {
    expect(await codeOf(declare("verify", entity))).toBe("NOT_FOUND");
    const [failure] = await it.send(entity, message("a"));
    expect(classify(failure?.error)).toEqual({ code: "NOT_FOUND", retryable: false });
  }
  await declare("create", jobs, news);
  for (const wrong of [declare("verify", reader), it.open(reader), it.link.deadLetters(reader).count(live)]) {
    expect(await codeOf(wrong)).toBe("NOT_FOUND");
  }
  expect(await declare("create", reader)).toEqual([]);
  expect(await declare("create", jobs, news, reader)).toEqual([]);
  const changed = [
    queue("jobs", true),
    topic("news", 5),
    subscription(news, "reader", { filter: { b: ["2", "1"], a: ["1"] }, ordered: true }),
  ];
  for (const mode of ["create", "verify"] as const) {
    expect(await declare(mode, ...changed)).toMatchObject([
      { property: "ordered", expected: "true", found: "false" },
      { property: "retention", expected: "5", found: "0" },
      { property: "ordered", expected: "true", found: "false" },
      { property: "filter", expected: '{"a":["1"],"b":["1","2"]}', found: "none" },
    ]);
  }
});

test("logical names map to the names of the option naming", async () => {
  await using it = await testbed({
    naming: { queues: { jobs: "old-jobs" }, subscriptions: { "news/reader": "inbox" } },
  });
  const news = topic("news");
  await it.declare(jobs, news, subscription(news, "reader"), subscription(news, "other"));
  expect(it.link.native.entities().map(({ name }) => name)).toEqual(["old-jobs", "news", "inbox", "news.sub.other"]);
  expect(it.link.native.delete("subscription", "inbox")).toBe(true);
});
