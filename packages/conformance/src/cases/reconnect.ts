import { deepEqual, equal, ok, rejects } from "node:assert/strict";
import type { DeadLetter } from "@anybroker/core";
import type { Case } from "../case.ts";
import type { CaseContext } from "../context.ts";
import { codeOf } from "../error-code.ts";
import { Faults, InjectedError } from "../layers/faults.ts";
import { awaitLater, gate, toArray } from "../wait.ts";

export const RECONNECT: readonly Case[] = [
  {
    id: "consumer-outlives-cut",
    name: "A consumer continues by itself after a cut",
    section: "F",
    rows: [105],
    async run(context) {
      const { broker, queue } = await context.queue();
      const received = await context.collect(queue);
      await queue.send("before");
      await received.waitForBody("before");
      await context.cut(broker);
      await (await context.connect()).queue<string>(queue.name).send("after");
      await received.waitForBody("after");
    },
  },
  {
    id: "sender-outlives-cut",
    name: "A send while the connection is down is sent when the connection is back",
    section: "F",
    rows: [105],
    async run(context) {
      const faults = new Faults();
      const { broker, queue } = await context.queue({ faults });
      const received = await context.collect((await context.connect()).queue<string>(queue.name));
      let down = 3;
      faults.connect = () => {
        down -= 1;
        return down < 0 ? undefined : new InjectedError("UNAVAILABLE", true);
      };
      await context.cut(broker);
      await context.soon("the send to resolve", queue.send("during"));
      await received.waitForBody("during");
    },
  },
  {
    id: "cut-under-load",
    name: "Every send that resolves before, during or after cuts arrives at least once",
    section: "F",
    rows: [105, 23],
    effort: 1.8,
    async run(context) {
      // What was on its way to the consumer when it was cut comes again within the lease.
      const lease = context.subject.lease === undefined ? {} : { lease: context.subject.lease };
      const sender = await context.queue<number>(lease);
      const reader = await context.connect(lease);
      const received = await context.collect(reader.queue<number>(sender.queue.name), { concurrency: 10 });
      const sent: number[] = [];
      const sends = Array.from({ length: 300 }, (_, index) => index).map(async (number) => {
        await context.until("the turn of a message", () => sent.length >= number - 20);
        await sender.queue.send(number);
        sent.push(number);
      });
      const all = awaitLater(Promise.all(sends));
      for (const [at, broker] of [
        [40, sender.broker],
        [110, reader],
        [200, sender.broker],
      ] as const) {
        await context.until("the first messages to be sent", () => sent.length >= at);
        await context.cut(broker);
      }
      await context.soon("every send to resolve", all);
      await context.until(
        "all messages to arrive",
        () => new Set(received.bodies).size === 300,
        () => received.handled.length,
      );
    },
  },
  {
    id: "held-message-comes-again",
    name: "A message that a handler held during a cut is delivered again, without counting an attempt, and its old ack returns false",
    section: "F",
    rows: [39, 105],
    async run(context) {
      const { broker, queue } = await context.queue();
      const [hold, late] = [gate(), gate<boolean>()];
      const received = await context.collect(queue, {
        concurrency: 2,
        handle: async (message) => {
          if (message.redelivered) return;
          await hold.promise;
          late.open(await message.ack());
        },
      });
      await queue.send("held");
      await received.waitForCount(1);
      const { signal } = received.handled[0]?.message ?? {};
      await context.cut(broker);
      await received.waitForCount(2);
      equal(signal?.aborted, true);
      deepEqual(
        received.handled.map(({ body, attempt }) => [body, attempt]),
        [
          ["held", 1],
          ["held", 1],
        ],
      );
      hold.open();
      equal(await context.soon("the old ack to return", late.promise), false);
      await queue.send("next");
      await context.until("the next message", () => received.bodies.includes("next"));
    },
  },
  {
    id: "attempts-outlive-cut",
    name: "The count of attempts survives a cut",
    section: "B",
    rows: [38, 105],
    async run(context) {
      const { broker, queue } = await context.queue();
      const received = await context.collect(queue, {
        retry: { attempts: 9, backoff: { initial: 300, factor: 1, jitter: 0 } },
        handle: ({ attempt }) => {
          if (attempt < 3) throw new Error("again");
        },
      });
      await queue.send("body");
      await context.until("the first retry to be settled", () => received.consumer.stats().retried >= 1);
      await context.cut(broker);
      await context.until("the third attempt", () => received.handled.some(({ attempt }) => attempt === 3));
      const attempts = received.handled.map(({ attempt }) => attempt);
      // Attempt 2 may be delivered twice: on a busy machine it may be running during the cut.
      deepEqual(
        attempts.filter((attempt, index) => attempt !== 2 || index === attempts.indexOf(2)),
        [1, 2, 3],
      );
    },
  },
  {
    id: "many-cuts",
    name: "Consumers and senders survive one cut after another",
    section: "F",
    rows: [105],
    effort: 1.5,
    async run(context) {
      const { broker, queue } = await context.queue<number>();
      const received = await context.collect(queue);
      for (let round = 0; round < 5; round += 1) {
        await context.cut(broker);
        await context.soon("the send to resolve", queue.send(round));
        await received.waitForBody(round);
      }
    },
  },
  {
    id: "subscriptions-outlive-cut",
    name: "Every subscription continues after a cut, with the messages that were published during it",
    section: "F",
    rows: [81, 105],
    async run(context) {
      const { broker, topic } = await context.topic();
      const publisher = (await context.connect()).topic<string>(topic.name);
      const received = await Promise.all(["a", "b"].map((name) => context.collect(topic.subscription(name))));
      const cutting = awaitLater(context.cut(broker));
      await publisher.publish("during");
      await cutting;
      await Promise.all(received.map((one) => one.waitForBody("during")));
      await topic.publish("after");
      await Promise.all(received.map((one) => one.waitForBody("after")));
    },
  },
  {
    id: "ephemeral-outlives-cut",
    name: "A subscription that is not durable starts anew after a cut",
    section: "F",
    rows: [105],
    needs: ["ephemeral"],
    async run(context) {
      const { broker, topic } = await context.topic<number>();
      const publisher = (await context.connect()).topic<number>(topic.name);
      const received = await context.collect(topic.subscription("live", { durable: false }));
      await context.cut(broker);
      let number = 0;
      await context.until("a message to arrive", async () => {
        number += 1;
        await publisher.publish(number);
        return received.handled.length > 0;
      });
    },
  },
  {
    id: "paused-stays-paused",
    name: "A paused consumer stays paused after a cut, and continues when resumed",
    section: "F",
    rows: [105, 110],
    async run(context) {
      const { broker, queue } = await context.queue();
      const received = await context.collect(queue);
      await received.consumer.pause();
      await context.cut(broker);
      await context.soon("the send to resolve", queue.send("body"));
      const witness = broker.queue<string>(context.name());
      const seen = await context.collect(witness);
      await witness.send("witness");
      await seen.waitForBody("witness");
      deepEqual(received.bodies, []);
      await received.consumer.resume();
      await received.waitForBody("body");
    },
  },
  {
    id: "send-during-long-outage",
    name: "A send that finds no connection within its timeout rejects; once connected again, everything works",
    section: "F",
    rows: [102, 105],
    async run(context) {
      const faults = new Faults();
      const { broker, queue } = await context.queue({ faults });
      await queue.send("before");
      faults.connect = () => new InjectedError("UNAVAILABLE", true);
      await context.cut(broker);
      await context.until("the cut to be noticed", async () => (await broker.health()).status === "down");
      await rejects(queue.send("never", { timeout: context.shortTimeout }), {
        name: "BrokerError",

        retryable: true,
        outcomeUnknown: false,
      });
      faults.connect = undefined;
      await context.soon("a send to resolve", queue.send("after"));
      const received = await context.collect(queue);
      await received.waitForBody("after");
      deepEqual(new Set(received.bodies), new Set(["before", "after"]));
    },
  },
  {
    id: "outage-logged",
    name: "The logger is told when the connection is lost and when it is back, and that consumers read again",
    section: "F",
    rows: [105, 124],
    async run(context) {
      const { broker, queue } = await context.queue();
      await context.collect(queue);
      const says = (text: RegExp): boolean => context.logged.some((line) => text.test(line));
      ok(says(/^info connected to /), context.logged.join("\n"));
      ok(says(new RegExp(`^info the consumer of queue ${queue.name} reads$`)), context.logged.join("\n"));
      await context.cut(broker);
      await context.until("the log of the outage", () => says(/^info the consumer of queue .* reads again$/));
      ok(says(/^warn connection to .* lost: /), context.logged.join("\n"));
      ok(says(/^info connected again to .* after /), context.logged.join("\n"));
    },
  },
  {
    id: "close-during-outage",
    name: "A broker object closes at once while its connection is down, and waiting sends fail with CLOSED",
    section: "F",
    rows: [97, 101],
    async run(context) {
      const faults = new Faults();
      const { broker, queue } = await context.queue({ faults });
      const { consumer } = await context.collect(queue);
      faults.connect = () => new InjectedError("UNAVAILABLE", true);
      await context.cut(broker);
      const waiting = queue.send("waiting").catch(codeOf);
      await context.soon("the broker object to close", broker.close({ drainTimeout: 50 }));
      equal(await context.soon("the send to settle", waiting), "CLOSED");
      equal(await context.soon("the consumer to close", consumer.closed), undefined);
    },
  },
  {
    id: "health-during-outage",
    name: "Health is `down`, with the reason, while the connection is down, and `up` when it is back",
    section: "F",
    rows: [115],
    async run(context) {
      const faults = new Faults();
      const broker = await context.connect({ faults });
      equal((await broker.health()).status, "up");
      faults.connect = () => new InjectedError("UNAVAILABLE", true, "still down");
      await context.cut(broker);
      await context.until("health to be down", async () => (await broker.health()).status === "down");
      await context.until("health to have the reason", async () =>
        /still down/.test((await broker.health()).reason ?? ""),
      );
      faults.connect = undefined;
      await context.until("health to be up", async () => (await broker.health()).status === "up");
    },
  },
  {
    id: "crash-loop",
    name: "A message that kills the process of its handler is dead-lettered after a bounded number of crashes; its neighbours are handled, without counting an attempt",
    section: "B",
    rows: [40],
    needs: ["deadLetters.list"],
    effort: 2.5,
    run: (context) => crashLoop(context, false),
  },
  {
    id: "crash-loop-ordered",
    name: "The same on an ordered queue; messages of other keys are handled long before that",
    section: "B",
    rows: [40],
    needs: ["deadLetters.list", "ordering"],
    effort: 2.5,
    run: (context) => crashLoop(context, true),
  },
  {
    id: "cut-is-no-crash",
    name: "A connection that is cut again and again under running handlers is not evidence against their messages",
    section: "B",
    rows: [40],
    effort: 3,
    async run(context) {
      const { broker, queue } = await context.queue<number>();
      let cuts = 0;
      // A send that is cut may be stored twice.
      await Promise.all([0, 1, 2].map((body) => queue.send(body)));
      const received = await context.collect(queue, {
        concurrency: 3,
        handle: async ({ body, signal }) => {
          if (body !== 1 || cuts === 16) return;
          cuts += 1;
          const lost = aborted(signal);
          await context.cut(broker);
          await lost;
        },
      });
      const times = (): number => received.bodies.filter((body) => body === 1).length;
      await context.until("the message to be handled after 16 cuts", () => times() === 17, times);
      ok(received.handled.every(({ attempt }) => attempt === 1));
      await received.waitForBody(0);
      await received.waitForBody(2);
    },
  },
];

/** How many crashes a message may cause at most. */
const MAX_CRASHES = 15;

async function crashLoop(context: CaseContext, ordered: boolean): Promise<void> {
  const { queue } = await context.queue<number>({}, { ordered });
  const guilty = 10;
  const others = new Map<number, number>();
  let crashes = 0;
  let crashesUntilOthers = 0;
  let letters: readonly DeadLetter[] = [];
  await Promise.all(Array.from({ length: 41 }, (_, body) => queue.send(body, { key: `key-${body}` })));
  const dead = async (): Promise<boolean> => {
    letters = await context.soon("a listing of dead letters", toArray(queue.deadLetters.list()));
    return letters.length > 0;
  };
  while (!(await dead())) {
    const broker = await context.connect({ lease: context.subject.lease ?? context.subject.session ?? 10_000 });
    let isRunning = false;
    await context.collect(broker.queue<number, number>(queue.name, { ordered }), {
      prefetch: 30,
      handle: async ({ body, attempt }) => {
        if (body !== guilty) return void others.set(body, attempt);
        isRunning = true;
        await new Promise(() => {});
      },
    });
    const what = "the guilty message to run or to be dead-lettered";
    await context.until(
      what,
      async () => isRunning || (await dead()),
      () => others.size,
    );
    if (!isRunning) break;
    await context.vanish(broker);
    crashes += 1;
    if (others.size < 40) crashesUntilOthers = crashes;
    ok(crashes <= MAX_CRASHES, `${crashes} crashes and no dead letter`);
  }
  ok(crashesUntilOthers < MAX_CRASHES - 3, `the neighbours were handled only after ${crashesUntilOthers} crashes`);
  equal([...others.keys()].length, 40);
  ok([...others.values()].every((attempt) => attempt === 1));
  const [letter] = letters;
  equal(Buffer.from(letter?.bytes ?? []).toString(), String(guilty));
  equal(letter?.reason, "crash-loop");
  ok(letter?.attempts !== undefined && letter.source !== undefined);
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener("abort", () => resolve(), { once: true });
  });
}
