import { type ChannelListener, subscribe, unsubscribe } from "node:diagnostics_channel";
import { inspect } from "node:util";
import { type Broker, connect } from "@anybroker/core";
import { expect, onTestFinished, test } from "vitest";
import { refused } from "../../src/driver-kit/failures.ts";
import { delivery } from "../deliveries.ts";
import { ServerDouble } from "../link-double.ts";
import { quietLogger } from "../recorded-log.ts";
import { SourceDouble } from "../source-double.ts";

const leak = (): Error => new Error("cannot reach double://user:hun/ter2@host");
const SHOWN = "cannot reach double://***@host";

/** What the broker object publishes on a channel, as `inspect` prints it. */
function published(channel: string): readonly string[] {
  const events: string[] = [];
  const note: ChannelListener = (event) => void events.push(inspect(event, { depth: 10 }));
  subscribe(channel, note);
  onTestFinished(() => void unsubscribe(channel, note));
  return events;
}

async function brokerAt(server: ServerDouble): Promise<Broker> {
  const broker = await connect(server.driver, { reconnect: { initial: 1, max: 1 }, logger: quietLogger });
  onTestFinished(() => broker.close());
  return broker;
}

/** A server that delivers one message, and refuses to take its settlement. */
function serverWithMessage(): ServerDouble {
  const server = new ServerDouble();
  const source = new SourceDouble();
  source.waiting.push(delivery("a", { body: Buffer.from("1"), contentType: "application/json" }));
  source.onSettle = (batch) => batch.map(() => refused(leak()));
  server.open = async () => source;
  return server;
}

test("health shows no password while the server does not answer, nor while it answers with one", async () => {
  const server = new ServerDouble();
  const { connect: open } = server.driver;
  let health = async (): Promise<{ readonly degraded: string; readonly details: Record<string, never> }> => {
    throw leak();
  };
  server.driver.connect = async (...call) => ({ ...(await open(...call)), health: () => health() });
  const broker = await brokerAt(server);
  expect(await broker.health()).toMatchObject({ status: "degraded", reason: `no answer: ${SHOWN}` });
  health = async () => ({ degraded: leak().message, details: {} });
  expect(await broker.health()).toMatchObject({ status: "degraded", reason: SHOWN });
});

test("health and the event of a reconnect show no password while the server cannot be reached", async () => {
  const events = published("anybroker:reconnect");
  const server = new ServerDouble();
  const broker = await brokerAt(server);
  server.driver.connect = async () => {
    throw leak();
  };
  server.breakLink();
  await expect.poll(() => events.length).toBeGreaterThan(2);
  expect(await broker.health()).toMatchObject({ status: "down", reason: expect.stringContaining(SHOWN) });
  expect(events.join("\n")).toContain(SHOWN);
  expect(events.join("\n")).not.toMatch(/ter2/);
});

test("health shows no password of a consumer whose source cannot be opened", async () => {
  const server = new ServerDouble();
  const broker = await brokerAt(server);
  server.open = async () => new SourceDouble();
  const errors: string[] = [];
  const source = new SourceDouble();
  server.open = async () => source;
  const onError = (error: unknown): void => void errors.push(inspect(error, { depth: 10 }));
  await broker.queue("jobs").consume(() => {}, { onError });
  server.open = async () => {
    throw leak();
  };
  source.end(leak());
  await expect.poll(async () => inspect(await broker.health(), { depth: 10 })).toContain(SHOWN);
  expect(inspect(await broker.health(), { depth: 10 })).not.toMatch(/ter2/);
  expect(errors.join("\n")).not.toMatch(/ter2/);
});

test("the events of a handler that throws show no password, and onError gets what was thrown", async () => {
  const events = published("tracing:anybroker:deliver:error");
  const thrown = leak();
  const errors: unknown[] = [];
  const broker = await brokerAt(serverWithMessage());
  const fail = (): never => {
    throw thrown;
  };
  await broker.queue("jobs").consume(fail, { onError: (error) => errors.push(error) });
  await expect.poll(() => errors).toContain(thrown);
  expect(events).toEqual([expect.stringContaining(SHOWN)]);
  expect(events.join("\n")).not.toMatch(/ter2/);
});

test("the events of a settlement that fails show no password", async () => {
  const events = published("tracing:anybroker:settle:error");
  const errors: string[] = [];
  const broker = await brokerAt(serverWithMessage());
  const onError = (error: unknown): void => void errors.push(inspect(error, { depth: 10 }));
  await broker.queue("jobs").consume(() => {}, { onError });
  await expect.poll(() => events.length).toBeGreaterThan(0);
  expect(events.join("\n")).toContain(SHOWN);
  expect([...events, ...errors].join("\n")).not.toMatch(/ter2/);
});
