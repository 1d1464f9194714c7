import { deepEqual, equal, ok, rejects } from "node:assert/strict";
import { channel } from "node:diagnostics_channel";
import type { Drift } from "@anybroker/core";
import type { Case } from "../case.ts";
import { Faults } from "../layers/faults.ts";
import { toArray } from "../wait.ts";

const missing = { name: "BrokerError", code: "NOT_FOUND" };

export const TOPOLOGY: readonly Case[] = [
  {
    id: "created-by-consumer",
    name: "A queue exists from its first consumer on: what another program sends then arrives",
    section: "E",
    rows: [87],
    async run(context) {
      const { queue } = await context.queue();
      const got = await context.collect(queue);
      await (await context.connect()).queue<string>(queue.name).send("body");
      await got.waitForBody("body");
    },
  },
  {
    id: "created-at-the-same-time",
    name: "Several programs may create the same entities at the same moment",
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
      const got = await context.collect(broker.queue(queue));
      const copies = await context.collect(broker.topic(topic).subscription("all"));
      await Promise.all([got.waitForCount(4), copies.waitForCount(4)]);
    },
  },
  {
    id: "declare-twice",
    name: "Declaring what exists changes nothing: what is in it stays",
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
      const got = await context.collect(queue);
      const copies = await context.collect(broker.topic<string>(topic).subscription("all"));
      await Promise.all([got.waitForBody("kept"), copies.waitForBody("kept")]);
    },
  },
  {
    id: "mixed-topology",
    name: "A declaration makes what is missing and uses what exists",
    section: "E",
    rows: [87],
    async run(context) {
      const { broker, queue } = await context.queue();
      await queue.send("there before");
      const fresh = context.name("queue");
      await broker.declare({ queues: { [queue.name]: {}, [fresh]: {} } });
      await broker.queue(fresh).send("new");
      const got = await context.collect(queue);
      await got.waitForBody("there before");
    },
  },
  {
    id: "verify-missing-queue",
    name: "With topology `verify` a missing queue is NOT_FOUND for sender and consumer, and is not created",
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
    name: "With topology `verify` a missing topic or subscription is NOT_FOUND",
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
    name: "With topology `none` a missing queue is NOT_FOUND at its first use: a send never vanishes",
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
    name: "With topology `none` a missing topic is NOT_FOUND at its first use, and so is a missing subscription",
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
    name: "With `verify` and with `none` everything works on entities that exist: send, consume, retry, publish",
    section: "E",
    rows: [87, 88],
    async run(context) {
      const [queue, topic] = [context.name("queue"), context.name("topic")];
      const maker = await context.connect();
      await maker.declare({ queues: { [queue]: {} }, topics: { [topic]: { subscriptions: { all: {} } } } });
      for (const topology of ["verify", "none"] as const) {
        const broker = await context.connect({ topology });
        const handle = ({ attempt }: { readonly attempt: number }): void => {
          if (attempt === 1) throw new Error("once");
        };
        const got = await context.collect(broker.queue<string>(queue), { handle });
        const copies = await context.collect(broker.topic<string>(topic).subscription("all"), { handle });
        await broker.queue(queue).send(topology);
        await broker.topic(topic).publish(topology);
        await Promise.all([got.waitForCount(2), copies.waitForCount(2)]);
        deepEqual(
          [...got.handled, ...copies.handled].map(({ body, attempt }) => [body, attempt]),
          [1, 2, 1, 2].map((attempt) => [topology, attempt]),
        );
        await broker.close();
      }
    },
  },
  {
    id: "restricted-account",
    name: "An account that may create nothing can use what exists: send, consume, retry, publish",
    section: "E",
    rows: [88, 118],
    needs: ["restricted"],
    async run(context) {
      const [queue, topic] = [context.name("queue"), context.name("topic")];
      const maker = await context.connect();
      await maker.declare({ queues: { [queue]: {} }, topics: { [topic]: { subscriptions: { all: {} } } } });
      for (const topology of ["verify", "none"] as const) {
        const broker = await context.connect({ topology, restricted: true });
        const handle = ({ attempt }: { readonly attempt: number }): void => {
          if (attempt === 1) throw new Error("once");
        };
        const got = await context.collect(broker.queue<string>(queue), { handle });
        const copies = await context.collect(broker.topic<string>(topic).subscription("all"), { handle });
        await broker.queue(queue).send(topology);
        await broker.topic(topic).publish(topology);
        await Promise.all([got.waitForCount(2), copies.waitForCount(2)]);
        await broker.close();
      }
    },
  },
  {
    id: "restricted-account-cannot-create",
    name: "An account that may create nothing is told so when it tries: FORBIDDEN, naming the queue",
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
    name: "With `verify` an entity that differs from what is asked is an error that says how",
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
    name: "With `create` an entity that differs is used as it is, and the drift is reported",
    section: "E",
    rows: [87],
    needs: ["ordering"],
    async run(context) {
      const { broker, queue } = await context.queue();
      await broker.declare({ queues: { [queue.name]: { ordered: false } } });
      const seen: unknown[] = [];
      const listen = (drift: unknown): void => {
        // The cast is true: the payload of this channel is documented to be a Drift.
        const { entity } = drift as Drift;
        if (entity.name === queue.name) seen.push(drift);
      };
      channel("anybroker:drift").subscribe(listen);
      try {
        const other = (await context.connect()).queue<string>(queue.name, { ordered: true });
        const got = await context.collect(other);
        await other.send("body", { key: "k" });
        await got.waitForBody("body");
        ok(seen.length > 0, "no drift was reported");
      } finally {
        channel("anybroker:drift").unsubscribe(listen);
      }
    },
  },
  {
    id: "longest-names",
    name: "The longest legal names work, with every legal character",
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
      const got = await context.collect(queue, {
        handle: ({ attempt }) => {
          if (attempt === 1) throw new Error("once");
        },
      });
      const copies = await context.collect(topic.subscription(`s${"-_0".repeat(16)}z`));
      await queue.send("body");
      await topic.publish("body");
      await Promise.all([got.waitForCount(2), copies.waitForCount(1)]);
      equal(queue.name.length, nameMax);
    },
  },
  {
    id: "entity-removed-under-consumer",
    name: "A queue that is deleted under its consumer is made again, and the consumer goes on",
    section: "F",
    rows: [106],
    needs: ["remove"],
    effort: 1.5,
    async run(context) {
      const { queue } = await context.queue();
      const got = await context.collect(queue);
      await queue.send("before");
      await got.waitForBody("before");
      await context.remove({ queue: queue.name });
      const other = (await context.connect()).queue<string>(queue.name);
      let sent = 0;
      await context.until("the consumer to go on", async () => {
        sent += 1;
        await other.send(`after ${sent}`);
        return got.bodies.some((body) => body.startsWith("after"));
      });
    },
  },
  {
    id: "destination-removed",
    name: "With `create` a destination that has gone is made again, and the send is tried again within its time",
    section: "F",
    rows: [87, 106],
    needs: ["remove"],
    async run(context) {
      const { queue } = await context.queue();
      await queue.send("lost with the queue");
      await context.remove({ queue: queue.name });
      await queue.send("after");
      const got = await context.collect((await context.connect()).queue<string>(queue.name));
      await got.waitForBody("after");
    },
  },
  {
    id: "source-removed",
    name: "With `create` a queue that has gone is made again for who consumes from it",
    section: "F",
    rows: [87, 106],
    needs: ["remove"],
    async run(context) {
      const { queue } = await context.queue();
      await (await context.collect(queue)).consumer.close();
      await context.remove({ queue: queue.name });
      const got = await context.collect(queue);
      await (await context.connect()).queue<string>(queue.name).send("after");
      await got.waitForBody("after");
    },
  },
  {
    id: "removed-dead-letters",
    name: "With `create` a queue that has gone is made again for who asks about it: it has no dead letters",
    section: "F",
    rows: [87, 106],
    needs: ["remove", "deadLetters.list"],
    async run(context) {
      const { queue } = await context.queue();
      await queue.send("lost with the queue");
      await context.remove({ queue: queue.name });
      deepEqual(await toArray(queue.deadLetters.list()), []);
      const got = await context.collect((await context.connect()).queue<string>(queue.name));
      await queue.send("after");
      await got.waitForBody("after");
    },
  },
  {
    id: "destination-removed-with-none",
    name: "With `none` a send to a queue that has gone is NOT_FOUND",
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
    name: "With `verify` and `none` the driver is never asked to create",
    section: "E",
    rows: [88],
    async run(context) {
      const name = context.name("queue");
      await (await context.connect()).queue(name).send("one");
      const faults = new Faults();
      const broker = await context.connect({ topology: "none", faults });
      const got = await context.collect(broker.queue<string>(name));
      await got.waitForBody("one");
      ok(!faults.calls.includes("declare"), "something was declared");
    },
  },
];
