import { deepEqual, equal, ok } from "node:assert/strict";
import type { Case } from "../case.ts";
import type { CaseContext, Received } from "../context.ts";
import { codeOf } from "../error-code.ts";
import { Faults } from "../layers/faults.ts";
import { type Gate, gate, sleep } from "../wait.ts";

function shortest(context: CaseContext): number {
  return context.subject.lease ?? context.subject.session ?? 0;
}

interface Silenced {
  /** The consumer that has gone silent with one message in its hands, and the gates it waits at. */
  readonly silent: Received<string>;
  readonly speak: Gate;
  readonly finish: Gate;
  /** What its late ack answered. */
  readonly late: Promise<boolean>;
  readonly name: string;
}

/** A consumer takes a message and then falls silent, as a process does that hangs. */
async function silenced(context: CaseContext): Promise<Silenced> {
  const faults = new Faults();
  const lease = shortest(context);
  const { queue } = await context.queue({ faults, lease });
  const [speak, finish, late] = [gate(), gate(), gate<boolean>()];
  const silent = await context.collect(queue, {
    prefetch: 1,
    handle: async (message) => {
      if (message.body !== "held" || message.attempt > 1) return;
      await finish.promise;
      late.open(await message.ack());
    },
  });
  await queue.send("held");
  await silent.waitForCount(1);
  faults.hang = speak.promise;
  void speak.promise.then(() => {
    faults.hang = undefined;
  });
  return { silent, speak, finish, late: late.promise, name: queue.name };
}

export const LEASES: readonly Case[] = [
  {
    id: "lease-renewed",
    name: "A handler may take longer than the lease: the message stays with it and nobody else gets it",
    section: "B",
    rows: [28, 29],
    needs: ["lease.kept"],
    effort: 1.5,
    async run(context) {
      const lease = shortest(context);
      const { queue } = await context.queue({ lease });
      const other = (await context.connect({ lease })).queue<string>(queue.name);
      const [started, finished] = [gate(), gate()];
      const slow = await context.collect(queue, {
        prefetch: 1,
        handle: async ({ body }) => {
          if (body !== "slow") return;
          started.open();
          await sleep(lease * 3);
          finished.open();
        },
      });
      await queue.send("slow");
      await started.promise;
      const second = await context.collect(other);
      await finished.promise;
      await context.until("the slow handler to be acked", () => slow.consumer.stats().acked === 1);
      await queue.send("marker");
      await context.until("the marker", () => [...slow.bodies, ...second.bodies].includes("marker"));
      equal([...slow.bodies, ...second.bodies].filter((body) => body === "slow").length, 1);
      deepEqual(slow.errors, []);
    },
  },
  {
    id: "prefetched-leases-renewed",
    name: "Messages that wait behind a slow handler keep their lease: each is handled once, as the first attempt",
    section: "B",
    rows: [40],
    needs: ["lease.kept"],
    effort: 1.5,
    async run(context) {
      const lease = shortest(context);
      const { queue } = await context.queue<number>({ lease });
      const finished = gate();
      const got = await context.collect(queue, {
        prefetch: 4,
        handle: async ({ body }) => {
          if (body !== 0) return;
          await sleep(lease * 3);
          finished.open();
        },
      });
      for (const number of [0, 1, 2, 3]) await queue.send(number);
      await finished.promise;
      await got.waitForCount(4);
      await queue.send(4);
      await got.waitForBody(4);
      deepEqual(
        [...got.bodies].sort((a, b) => a - b),
        [0, 1, 2, 3, 4],
      );
      ok(got.handled.every(({ attempt }) => attempt === 1));
    },
  },
  {
    id: "silent-consumer-loses",
    name: "What a consumer holds that has gone silent goes to another one when the lease has ended",
    section: "B",
    rows: [27],
    needs: ["lease"],
    effort: 1.5,
    async run(context) {
      const { name, finish, speak } = await silenced(context);
      const other = await context.connect({ lease: shortest(context) });
      const second = await context.collect(other.queue<string>(name));
      await second.waitForBody("held");
      finish.open();
      speak.open();
    },
  },
  {
    id: "lost-lease-aborts",
    name: "When its lease is lost the message's signal aborts, although nothing answers",
    section: "B",
    rows: [39, 103],
    needs: ["lease"],
    effort: 1.5,
    async run(context) {
      const { silent, finish, speak } = await silenced(context);
      const { signal } = silent.handled[0]?.message ?? {};
      await context.until("the signal to abort", () => signal?.aborted === true);
      equal(codeOf(signal?.reason), "LEASE_LOST");
      finish.open();
      speak.open();
    },
  },
  {
    id: "settle-after-lost-lease",
    name: "An ack after the lease was lost answers false, and the consumer lives on",
    section: "B",
    rows: [39],
    needs: ["lease"],
    effort: 1.5,
    async run(context) {
      const { silent, speak, finish, late, name } = await silenced(context);
      const other = await context.connect({ lease: shortest(context) });
      const second = await context.collect(other.queue<string>(name));
      await second.waitForBody("held");
      await second.consumer.close();
      speak.open();
      finish.open();
      equal(await context.soon("the late ack to answer", late), false);
      await other.queue(name).send("next");
      await silent.waitForBody("next");
    },
  },
  {
    id: "stale-ack-removes-nothing",
    name: "An ack that comes too late takes nothing from the consumer that has the message now",
    section: "B",
    rows: [39],
    needs: ["lease"],
    effort: 1.5,
    async run(context) {
      const { silent, speak, finish, late, name } = await silenced(context);
      const other = await context.connect({ lease: shortest(context) });
      const hold = gate();
      const second = await context.collect(other.queue<string>(name), {
        handle: async ({ body, attempt }) => {
          if (body !== "held" || attempt > 1) return;
          await hold.promise;
          throw new Error("failed by the one that has it");
        },
      });
      await second.waitForBody("held");
      finish.open();
      speak.open();
      await late;
      hold.open();
      await context.until("the failed message to come again", () =>
        [...silent.handled, ...second.handled].some(({ body, attempt }) => body === "held" && attempt === 2),
      );
    },
  },
  {
    id: "lost-lease-reported",
    name: "A settlement that comes too late is reported as LEASE_LOST",
    section: "B",
    rows: [39],
    needs: ["lease"],
    effort: 1.5,
    async run(context) {
      const { silent, speak, finish, late, name } = await silenced(context);
      const other = await context.connect({ lease: shortest(context) });
      const second = await context.collect(other.queue<string>(name));
      await second.waitForBody("held");
      speak.open();
      finish.open();
      await late;
      await context.until("LEASE_LOST to be reported", () =>
        silent.errors.some((error) => codeOf(error) === "LEASE_LOST"),
      );
    },
  },
  {
    id: "ack-overtaken-by-lease",
    name: "An ack that is on its way when the lease ends answers false, and takes nothing from who has the message now",
    section: "B",
    rows: [39],
    needs: ["lease"],
    effort: 1.5,
    async run(context) {
      const { silent, speak, finish, late, name } = await silenced(context);
      finish.open();
      const hold = gate();
      const other = await context.connect({ lease: shortest(context) });
      const second = await context.collect(other.queue<string>(name), {
        handle: async ({ body, attempt }) => {
          if (body !== "held" || attempt > 1) return;
          await hold.promise;
          throw new Error("failed by the one that has it");
        },
      });
      await second.waitForBody("held");
      speak.open();
      equal(await context.soon("the ack to answer", late), false);
      hold.open();
      await context.until("the failed message to come again", () =>
        [...silent.handled, ...second.handled].some(({ body, attempt }) => body === "held" && attempt === 2),
      );
    },
  },
];
