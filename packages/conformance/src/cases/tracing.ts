import { deepEqual, equal, ok } from "node:assert/strict";
import { AsyncLocalStorage } from "node:async_hooks";
import { channel, tracingChannel } from "node:diagnostics_channel";
import type { DeliverEvent, GiveUpEvent, Propagation } from "@anybroker/core";
import type { Case } from "../case.ts";

/** Collects the events of a channel that are about one queue, while `run` runs. */
async function listening(
  name: string,
  queue: string,
  run: (events: readonly GiveUpEvent[]) => Promise<void>,
): Promise<void> {
  const events: GiveUpEvent[] = [];
  const listen = (event: unknown): void => {
    // The cast is true: the documented payload of these channels is a GiveUpEvent.
    const { source } = event as GiveUpEvent;
    if ("queue" in source && source.queue === queue) events.push(event as GiveUpEvent);
  };
  channel(name).subscribe(listen);
  try {
    await run(events);
  } finally {
    channel(name).unsubscribe(listen);
  }
}

export const TRACING: readonly Case[] = [
  {
    id: "trace-propagation",
    name: "A trace context passes from the sender through a retry to the handler, which runs inside it",
    section: "A",
    rows: [8, 123],
    async run(context) {
      const extracted: unknown[] = [];
      const propagation: Propagation = {
        inject: (headers) => {
          headers.traceparent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
        },
        extract: ({ messages }, run) => {
          extracted.push(messages[0]?.headers.traceparent);
          return run();
        },
      };
      const { queue } = await context.queue({ propagation });
      const received = await context.collect(queue, {
        handle: ({ attempt }) => {
          if (attempt === 1) throw new Error("once");
        },
      });
      await queue.send("body", { headers: { mine: "yes" } });
      await received.waitForCount(2);
      deepEqual(extracted, Array(2).fill("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"));
      equal(received.handled[1]?.message.headers.mine, "yes");
    },
  },
  {
    id: "trace-inside-the-send",
    name: "Trace headers are injected inside the traced send, so that they carry its span; events say which broker",
    section: "A",
    rows: [8, 123, 124],
    async run(context) {
      const spans = new AsyncLocalStorage<string>();
      const propagation: Propagation = {
        inject: (headers) => {
          headers.traceparent = spans.getStore() ?? "outside";
        },
      };
      const { queue } = await context.queue({ propagation, name: "shop" });
      const received = await context.collect(queue);
      const [sends, deliveries] = [tracingChannel("anybroker:send"), tracingChannel("anybroker:deliver")];
      const delivered: DeliverEvent[] = [];
      const listen = (event: unknown): void => {
        // The cast is true: it is the documented payload of this channel.
        const { source } = event as DeliverEvent;
        if ("queue" in source && source.queue === queue.name) delivered.push(event as DeliverEvent);
      };
      sends.start.bindStore(spans, () => "the span");
      deliveries.start.subscribe(listen);
      try {
        await queue.send("body", { id: "traced-1" });
        await received.waitForCount(1);
      } finally {
        sends.start.unbindStore(spans);
        deliveries.start.unsubscribe(listen);
      }
      equal(received.handled[0]?.message.headers.traceparent, "the span");
      const [event] = delivered;
      equal(event?.broker.name, "shop");
      ok((event?.broker.address ?? "").includes(":"), event?.broker.address);
      deepEqual(
        event?.messages.map(({ id, attempt, size }) => [id, attempt, size]),
        [["traced-1", 1, 6]],
      );
    },
  },
  {
    id: "dead-letter-event",
    name: "Each dead letter is published as an event, with the message, its source and the reason",
    section: "C",
    rows: [46, 124],
    async run(context) {
      const { queue } = await context.queue();
      await listening("anybroker:dead-letter", queue.name, async (events) => {
        await context.collect(queue, { handle: (message) => message.deadLetter("no such customer") });
        await queue.send("body", { id: "event-1" });
        await context.until("the event", () => events.length === 1);
        deepEqual([events[0]?.id, events[0]?.reason], ["event-1", "no such customer"]);
      });
    },
  },
  {
    id: "discard-event",
    name: "Each discard is published as an event, so that no message is dropped silently",
    section: "C",
    rows: [43, 60, 124],
    async run(context) {
      const { queue } = await context.queue();
      await listening("anybroker:discard", queue.name, async (events) => {
        await context.collect(queue, {
          retry: { ...context.quickRetry, classify: () => "discard" },
          handle: () => {
            throw new Error("unwanted");
          },
        });
        await queue.send("body", { id: "event-2" });
        await context.until("the event", () => events.length === 1);
        equal(events[0]?.id, "event-2");
        ok((events[0]?.reason ?? "").length > 0);
      });
    },
  },
];
