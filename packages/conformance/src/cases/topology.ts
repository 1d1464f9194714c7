import { deepEqual, equal, ok, rejects } from "node:assert/strict";
import { channel } from "node:diagnostics_channel";
import type { Drift } from "@anybroker/core";
import type { Case } from "../case.ts";
import { Faults } from "../layers/faults.ts";

const missing = { name: "BrokerError", code: "NOT_FOUND" };

export const TOPOLOGY: readonly Case[] = [
  {
    id: "created-by-consumer",
    name: "The first consumer creates the queue, and messages of other programs then arrive",
    section: "E",
    rows: [87],
    async run(context) {
      const { queue } = await context.queue();
      const received = await context.collect(queue);
      await (await context.connect()).queue<string>(queue.name).send("body");
      await received.waitForBody("body");
    },
  },
  {
    id: "created-at-the-same-time",
    name: "Several programs can create the same entities at the same moment",
    section: "E",
    rows: [87],
    async run(context) {
      const [queue, topic] = [context.name("queue"), context.name("topic")];
      const brokers = await Promise.all([1, 2, 3, 4].map(() => context.connect()));
      const topology = { queues: { [queue]: {} }, topics: { [topic]: { subscriptions: { all: {} } } } };
      await Promise.all(brokers.map((broker) => broker.declare(topology)));
      await Promise.all(brokers.map((broker) => broker.queue(queue).send("q")));
      await Promise.all(brokers.map((broker) => broker.topic(topic).publish("t")));
      const [broker] = brokers;
      if (broker === undefined) return;
      const received = await context.collect(broker.queue(queue));
      const copies = await context.collect(broker.topic(topic).subscription("all"));
      await Promise.all([received.waitForCount(4), copies.waitForCount(4)]);
    },
  },
  {
    id: "declare-twice",
    name: "Declaring an existing entity changes nothing, and its messages stay",
    section: "E",
    rows: [87],
    async run(context) {
      const { broker, queue } = await context.queue();
      const topic = context.name("topic");
      const topology = { queues: { [queue.name]: {} }, topics: { [topic]: { subscriptions: { all: {} } } } };
      await broker.declare(topology);
      await queue.send("kept");
      await broker.topic(topic).publish("kept");
      await broker.declare(topology);
      await (await context.connect()).declare(topology);
      const received = await context.collect(queue);
      const copies = await context.collect(broker.topic<string>(topic).subscription("all"));
      await Promise.all([received.waitForBody("kept"), copies.waitForBody("kept")]);
    },
  },
  {
    id: "mixed-topology",
    name: "A declaration creates missing entities and uses existing ones",
    section: "E",
    rows: [87],
    async run(context) {
      const { broker, queue } = await context.queue();
      await queue.send("there before");
      const fresh = context.name("queue");
      await broker.declare({ queues: { [queue.name]: {}, [fresh]: {} } });
      await broker.queue(fresh).send("new");
      const received = await context.collect(queue);
      await received.waitForBody("there before");
    },
  },
  {
    id: "verify-missing-queue",
    name: "With topology `verify`, a missing queue is NOT_FOUND for sends and consumers, and is not created",
    section: "E",
    rows: [88, 89],
    async run(context) {
      const name = context.name("queue");
      const verifying = await context.connect({ topology: "verify" });
      await rejects(verifying.queue(name).send("body"), missing);
      await rejects(
        verifying.queue(name).consume(() => {}),
        missing,
      );
      await rejects((await context.connect({ topology: "verify" })).declare({ queues: { [name]: {} } }), missing);
      await rejects((await context.connect({ topology: "none" })).queue(name).send("body"), missing);
    },
  },
  {
    id: "verify-missing-topic",
    name: "With topology `verify`, a missing topic or subscription is NOT_FOUND",
    section: "E",
    rows: [88, 89],
    async run(context) {
      const { broker, topic } = await context.topic();
      const verifying = await context.connect({ topology: "verify" });
      await rejects(verifying.topic(context.name()).publish("body"), missing);
      await broker.declare({ topics: { [topic.name]: {} } });
      await verifying.topic(topic.name).publish("body");
      await rejects(
        verifying
          .topic(topic.name)
          .subscription("nobody")
          .consume(() => {}),
        missing,
      );
    },
  },
  {
    id: "none-missing-queue",
    name: "With topology `none`, a missing queue is NOT_FOUND at its first use, so that no send vanishes",
    section: "E",
    rows: [88, 89, 91],
    async run(context) {
      const broker = await context.connect({ topology: "none" });
      await rejects(broker.queue(context.name()).send("body"), missing);
      await rejects(
        broker.queue(context.name()).consume(() => {}),
        missing,
      );
    },
  },
  {
    id: "none-missing-topic",
    name: "With topology `none`, a missing topic is NOT_FOUND at its first use, and so is a missing subscription",
    section: "E",
    rows: [88, 89],
    async run(context) {
      const broker = await context.connect({ topology: "none" });
      await rejects(broker.topic(context.name()).publish("body"), missing);
      await rejects(
        broker.topic(context.name()).subscribe("nobody", () => {}),
        missing,
      );
    },
  },
  {
    id: "existing-entities-used",
    name: "With topology `verify` and `none`, everything works on existing entities: send, consume, retry, publish",
    section: "E",
    rows: [87, 88],
    async run(context) {
      const [queue, topic] = [context.name("queue"), context.name("topic")];
      const creator = await context.connect();
      await creator.declare({ queues: { [queue]: {} }, topics: { [topic]: { subscriptions: { all: {} } } } });
      for (const topology of ["verify", "none"] as const) {
        const broker = await context.connect({ topology });
        const handle = ({ attempt }: { readonly attempt: number }): void => {
          if (attempt === 1) throw new Error("once");
        };
        const received = await context.collect(broker.queue<string>(queue), { handle });
        const copies = await context.collect(broker.topic<string>(topic).subscription("all"), { handle });
        await broker.queue(queue).send(topology);
        await broker.topic(topic).publish(topology);
        await Promise.all([received.waitForCount(2), copies.waitForCount(2)]);
        deepEqual(
          [...received.handled, ...copies.handled].map(({ body, attempt }) => [body, attempt]),
          [1, 2, 1, 2].map((attempt) => [topology, attempt]),
        );
        await broker.close();
      }
    },
  },
  {
    id: "restricted-account",
    name: "An account without rights to create can use existing entities: send, consume, retry, publish",
    section: "E",
    rows: [88, 118],
    needs: ["restricted"],
    async run(context) {
      const [queue, topic] = [context.name("queue"), context.name("topic")];
      const creator = await context.connect();
      await creator.declare({ queues: { [queue]: {} }, topics: { [topic]: { subscriptions: { all: {} } } } });
      for (const topology of ["verify", "none"] as const) {
        const broker = await context.connect({ topology, restricted: true });
        const handle = ({ attempt }: { readonly attempt: number }): void => {
          if (attempt === 1) throw new Error("once");
        };
        const received = await context.collect(broker.queue<string>(queue), { handle });
        const copies = await context.collect(broker.topic<string>(topic).subscription("all"), { handle });
        await broker.queue(queue).send(topology);
        await broker.topic(topic).publish(topology);
        await Promise.all([received.waitForCount(2), copies.waitForCount(2)]);
        await broker.close();
      }
    },
  },
  {
    id: "restricted-account-cannot-create",
    name: "When an account without rights to create needs a new queue, it gets FORBIDDEN with the name of the queue",
    section: "E",
    rows: [88, 118],
    needs: ["restricted"],
    async run(context) {
      const name = context.name("queue");
      const broker = await context.connect({ restricted: true });
      await rejects(broker.queue(name).send("body"), (error: Error & { code?: unknown }) => {
        equal(error.code, "FORBIDDEN");
        ok(error.message.includes(name), error.message);
        return true;
      });
    },
  },
  {
    id: "drift-verified",
    name: "With topology `verify`, an entity that differs from its declaration is an error that says how",
    section: "E",
    rows: [87, 90],
    needs: ["ordering"],
    async run(context) {
      const { broker, queue } = await context.queue();
      await broker.declare({ queues: { [queue.name]: { ordered: false } } });
      const other = await context.connect({ topology: "verify" });
      await rejects(
        other.declare({ queues: { [queue.name]: { ordered: true } } }),
        (error: Error & { code?: unknown }) => {
          equal(error.code, "DRIFT");
          ok(error.message.includes(queue.name), error.message);
          return true;
        },
      );
    },
  },
  {
    id: "drift-reported",
    name: "With topology `create`, an entity that differs from its declaration is used as it is, and the drift is reported",
    section: "E",
    rows: [87],
    needs: ["ordering"],
    async run(context) {
      const { broker, queue } = await context.queue();
      await broker.declare({ queues: { [queue.name]: { ordered: false } } });
      const seen: unknown[] = [];
      const listen = (drift: unknown): void => {
        // The cast is true: the documented payload of this channel is a Drift.
        const { entity } = drift as Drift;
        if (entity.name === queue.name) seen.push(drift);
      };
      channel("anybroker:drift").subscribe(listen);
      try {
        const other = (await context.connect()).queue<string>(queue.name, { ordered: true });
        const received = await context.collect(other);
        await other.send("body", { key: "k" });
        await received.waitForBody("body");
        ok(seen.length > 0, "no drift was reported");
      } finally {
        channel("anybroker:drift").unsubscribe(listen);
      }
    },
  },
  {
    id: "longest-names",
    name: "The longest legal names work, with every kind of legal character",
    section: "E",
    rows: [86],
    async run(context) {
      const { nameMax } = context.capabilities.limits;
      const long = (tail: string): string => {
        const name = context.name("L.o_n-g");
        return `${name}.${"x".repeat(nameMax - name.length - tail.length - 1)}${tail}`;
      };
      const broker = await context.connect();
      const queue = broker.queue<string>(long("Q"));
      const topic = broker.topic<string>(long("T"));
      const received = await context.collect(queue, {
        handle: ({ attempt }) => {
          if (attempt === 1) throw new Error("once");
        },
      });
      const copies = await context.collect(topic.subscription(`s${"-_0".repeat(16)}z`));
      await queue.send("body");
      await topic.publish("body");
      await Promise.all([received.waitForCount(2), copies.waitForCount(1)]);
      equal(queue.name.length, nameMax);
    },
  },
  {
    id: "entity-removed-under-consumer",
    name: "A queue that is deleted under its consumer is created again, and the consumer continues",
    section: "F",
    rows: [106],
    needs: ["remove"],
    effort: 1.5,
    async run(context) {
      const { queue } = await context.queue();
      const received = await context.collect(queue);
      await queue.send("before");
      await received.waitForBody("before");
      await context.remove({ queue: queue.name });
      const other = (await context.connect()).queue<string>(queue.name);
      let sent = 0;
      await context.until("the consumer to continue", async () => {
        sent += 1;
        await other.send(`after ${sent}`);
        return received.bodies.some((body) => body.startsWith("after"));
      });
    },
  },
  {
    id: "destination-removed",
    name: "With topology `create`, a deleted destination is created again, and the send is tried again within its timeout",
    section: "F",
    rows: [87, 106],
    needs: ["remove"],
    async run(context) {
      const { queue } = await context.queue();
      await queue.send("lost with the queue");
      await context.remove({ queue: queue.name });
      await queue.send("after");
      const received = await context.collect((await context.connect()).queue<string>(queue.name));
      await received.waitForBody("after");
    },
  },
  {
    id: "source-removed",
    name: "With topology `create`, a deleted queue is created again for a new consumer",
    section: "F",
    rows: [87, 106],
    needs: ["remove"],
    async run(context) {
      const { queue } = await context.queue();
      await (await context.collect(queue)).consumer.close();
      await context.remove({ queue: queue.name });
      const received = await context.collect(queue);
      await (await context.connect()).queue<string>(queue.name).send("after");
      await received.waitForBody("after");
    },
  },
  {
    id: "destination-removed-with-none",
    name: "With topology `none`, a send to a deleted queue is NOT_FOUND",
    section: "F",
    rows: [89],
    needs: ["remove"],
    async run(context) {
      const { broker, queue } = await context.queue();
      await broker.declare({ queues: { [queue.name]: {} } });
      const other = (await context.connect({ topology: "none" })).queue(queue.name);
      await other.send("one");
      await context.remove({ queue: queue.name });
      await rejects(other.send("two"), missing);
    },
  },
  {
    id: "verify-touches-nothing",
    name: "With topology `none`, the core never asks the driver to declare an entity",
    section: "E",
    rows: [88],
    async run(context) {
      const name = context.name("queue");
      await (await context.connect()).queue(name).send("one");
      const faults = new Faults();
      const broker = await context.connect({ topology: "none", faults });
      const received = await context.collect(broker.queue<string>(name));
      await received.waitForBody("one");
      ok(!faults.calls.includes("declare"), "an entity was declared");
    },
  },
];
