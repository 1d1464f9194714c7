import { deepEqual, equal, ok } from "node:assert/strict";
import { channel } from "node:diagnostics_channel";
import type { UnroutedEvent } from "@anybroker/core";
import type { Case } from "../case.ts";
import type { CaseContext } from "../context.ts";

/** The shortest time between two events about one topic, in ms. */
const INTERVAL = 1_000;

/** Collects the events about messages of one topic that no subscription got, while `run` runs. */
async function listening(topic: string, run: (events: readonly UnroutedEvent[]) => Promise<void>): Promise<void> {
  const events: UnroutedEvent[] = [];
  const listen = (event: unknown): void => {
    // The cast is true: the documented payload of this channel is an UnroutedEvent.
    if ((event as UnroutedEvent).topic === topic) events.push(event as UnroutedEvent);
  };
  channel("anybroker:unrouted").subscribe(listen);
  try {
    await run(events);
  } finally {
    channel("anybroker:unrouted").unsubscribe(listen);
  }
}

/** The log lines that say of this topic that no subscription got a message. */
function linesAbout({ logged }: CaseContext, topic: string): readonly string[] {
  return logged.filter((line) => line.startsWith(`warn topic ${topic}: no subscription got message `));
}

export const UNROUTED: readonly Case[] = [
  {
    id: "unrouted-publish-told",
    name: "A publish that no subscription gets is told on the diagnostics channel and in the log, and many are told once",
    section: "E",
    rows: [82, 135],
    needs: ["publish.unrouted"],
    async run(context) {
      const { topic } = await context.topic<number>({ name: "shop" });
      await listening(topic.name, async (events) => {
        const start = performance.now();
        const { id } = await topic.publish(0, { key: "k", type: "t" });
        await context.until("the publish to be told", () => events.length > 0);
        deepEqual(
          events.map((event) => [event.broker.name, event.id]),
          [["shop", id]],
        );
        const bodies = Array.from({ length: 100 }, (_, index) => index);
        await Promise.all(bodies.map((body) => topic.publish(body)));
        await topic.publishBatch(bodies.map((body) => ({ body, key: String(body % 7) })));
        ok(events.length <= 1 + Math.ceil((performance.now() - start) / INTERVAL), `${events.length} events`);
        equal(linesAbout(context, topic.name).length, 1);
      });
    },
  },
  {
    id: "routed-publish-not-told",
    name: "A publish that a subscription gets is not told, even if another program created the subscription a moment ago",
    section: "E",
    rows: [135],
    needs: ["publish.unrouted"],
    async run(context) {
      const { topic } = await context.topic<number>();
      const others = await context.connect();
      await listening(topic.name, async (events) => {
        const { id } = await topic.publish(0);
        await context.until("the first publish to be told", () => events.length > 0);
        const received = await context.collect(others.topic<number>(topic.name).subscription("late"));
        const end = performance.now() + 2 * INTERVAL;
        for (let body = 1; performance.now() < end; body += 1) {
          await topic.publish(body);
          await received.waitForBody(body);
        }
        deepEqual(
          events.map((event) => event.id),
          [id],
        );
      });
    },
  },
  {
    id: "unrouted-after-the-last",
    name: "After the last subscription of a topic is deleted, publishes are told as ones that no subscription gets",
    section: "E",
    rows: [135],
    needs: ["publish.unrouted", "remove"],
    async run(context) {
      const { broker, topic } = await context.topic();
      await broker.declare({ topics: { [topic.name]: { subscriptions: { last: {} } } } });
      await listening(topic.name, async (events) => {
        await topic.publish("kept");
        await topic.publish("kept");
        deepEqual(events, []);
        await context.remove({ topic: topic.name, subscription: "last" });
        await context.until("a publish to be told", async () => {
          await topic.publish("dropped");
          return events.length > 0;
        });
        equal(linesAbout(context, topic.name).length, 1);
      });
    },
  },
];
