import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { expect, onTestFinished, test } from "vitest";
import type { UnroutedEvent } from "../../src/api/diagnostics.ts";
import { Log, type LogFields } from "../../src/base/log.ts";
import { queue, topic } from "../entities.ts";
import type { ServerDouble } from "../link-double.ts";
import { quietLogger } from "../recorded-log.ts";
import { outboxBench } from "./outbox-bench.ts";

const broker = { name: "double", system: "double", address: "double:" };

/** The events about messages that no subscription got. */
function listening(): readonly UnroutedEvent[] {
  const events: UnroutedEvent[] = [];
  // The cast is true: this is the payload of the channel.
  const listen = (event: unknown): void => void events.push(event as UnroutedEvent);
  subscribe("anybroker:unrouted", listen);
  onTestFinished(() => void unsubscribe("anybroker:unrouted", listen));
  return events;
}

/** The server accepts everything, and no topic has a subscription. Returns the ids of the messages that it was asked about. */
function withoutSubscriptions(server: ServerDouble): readonly string[] {
  const asked: string[] = [];
  server.onSend = (call) => {
    for (const { id, onUnrouted } of call.batch) {
      if (onUnrouted === undefined) continue;
      asked.push(id);
      onUnrouted();
    }
    call.acceptAll();
  };
  return asked;
}

test("a publish that no subscription gets resolves and is told on the channel; without a logger there is no warning", async () => {
  const events = listening();
  const { server, send } = await outboxBench({ log: new Log(undefined, broker) });
  withoutSubscriptions(server);
  expect(await send("1", { to: topic("news") })).toEqual({ id: "1" });
  expect(events).toEqual([{ broker, topic: "news", id: "1" }]);
});

test("the driver is asked about one message a second of each topic, never about one for a queue or a delayed one", async () => {
  const { clock, server, send } = await outboxBench();
  const asked = withoutSubscriptions(server);
  const news = topic("news");
  await send("job", { to: queue("jobs") });
  await send("later", { to: news, deliverAt: clock.now() + 1 });
  await Promise.all(["1", "2", "3"].map((id) => send(id, { to: news })));
  await send("4", { to: topic("sport") });
  await clock.advance(999);
  await send("5", { to: news });
  expect(asked).toEqual(["1", "4"]);
  await clock.advance(1);
  await Promise.all([send("later", { to: news, deliverAt: clock.now() + 1 }), send("6", { to: news })]);
  await send("7", { to: news });
  expect(asked).toEqual(["1", "4", "6"]);
});

test("the log gets a line about each topic, at most once a minute", async () => {
  const events = listening();
  const lines: [string, LogFields][] = [];
  const warn = (text: string, { topic: name, id }: LogFields): void => void lines.push([text, { topic: name, id }]);
  const { clock, server, send } = await outboxBench({ log: new Log({ ...quietLogger, warn }, broker) });
  withoutSubscriptions(server);
  await send("1", { to: topic("news") });
  await send("2", { to: topic("sport") });
  await clock.advance(59_999);
  await send("3", { to: topic("news") });
  const line = (name: string, id: string): [string, LogFields] => [
    `topic ${name}: no subscription got message ${id} (said at most once a minute)`,
    { topic: name, id },
  ];
  expect(lines).toEqual([line("news", "1"), line("sport", "2")]);
  await clock.advance(1_000);
  await send("4", { to: topic("news") });
  expect(lines.slice(2)).toEqual([line("news", "4")]);
  expect(events.map(({ id }) => id)).toEqual(["1", "2", "3", "4"]);
});
