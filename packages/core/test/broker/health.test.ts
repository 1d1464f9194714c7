import { expect, test } from "vitest";
import { connect } from "../../src/broker/connect.ts";
import { ServerDouble } from "../link-double.ts";
import { ManualClock, settled } from "../manual-clock.ts";
import { quietLogger } from "../recorded-log.ts";
import { SourceDouble } from "../source-double.ts";

test("a consumer that has not been reading for longer than the lease makes the health degraded, with its reason", async () => {
  const clock = new ManualClock();
  const server = new ServerDouble();
  const source = new SourceDouble();
  server.open = async () => source;
  await using broker = await connect(server.driver, { clock, lease: 1_000, logger: quietLogger });
  await broker.queue("jobs").consume(() => {});
  await clock.advance(5_000);
  expect(await broker.health()).toMatchObject({ status: "up", consumers: [{ state: "reading" }] });
  server.open = () => new Promise(() => {});
  source.end(new Error("no leader"));
  await settled();
  await clock.advance(1_000);
  expect(await broker.health()).toMatchObject({ status: "up", consumers: [{ state: "opening" }] });
  await clock.advance(1);
  expect(await broker.health()).toMatchObject({
    status: "degraded",
    reason: "the consumer of queue jobs cannot read: reading queue jobs was interrupted: no leader",
  });
});
