import { deepEqual, equal, ok } from "node:assert/strict";
import type { Case } from "../case.ts";
import type { CaseContext, Received } from "../context.ts";
import { codeOf } from "../error-code.ts";
import { Faults } from "../layers/faults.ts";
import { type Gate, gate, sleep } from "../wait.ts";

function shortestLease(context: CaseContext): number {
  return context.subject.lease ?? context.subject.session ?? 0;
}

interface SilentConsumer {
  /** The consumer that holds one message and has fallen silent. */
  readonly silent: Received<string>;
  readonly endSilence: Gate;
  readonly finish: Gate;
  /** The result of its late ack. */
  readonly late: Promise<boolean>;
  readonly name: string;
}

/** Starts a consumer that takes a message and then falls silent, as a hung process does. */
async function silentConsumer(context: CaseContext): Promise<SilentConsumer> {
  const faults = new Faults();
  const lease = shortestLease(context);
  const { queue } = await context.queue({ faults, lease });
  const [endSilence, finish, late] = [gate(), gate(), gate<boolean>()];
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
  faults.hang = endSilence.promise;
  void endSilence.promise.then(() => {
    faults.hang = undefined;
  });
  return { silent, endSilence, finish, late: late.promise, name: queue.name };
}

export const LEASES: readonly Case[] = [
  {
    id: "lease-renewed",
    name: "A handler can take longer than the lease: its message is not delivered to another consumer",
    section: "B",
    rows: [28, 29],
    needs: ["lease.kept"],
    effort: 1.5,
    async run(context) {
      const lease = shortestLease(context);
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
    name: "Messages that wait behind a slow handler keep their lease: each is handled once, as a first attempt",
    section: "B",
    rows: [40],
    needs: ["lease.kept"],
    effort: 1.5,
    async run(context) {
      const lease = shortestLease(context);
      const { queue } = await context.queue<number>({ lease });
      const finished = gate();
      const received = await context.collect(queue, {
        prefetch: 4,
        handle: async ({ body }) => {
          if (body !== 0) return;
          await sleep(lease * 3);
          finished.open();
        },
      });
      for (const number of [0, 1, 2, 3]) await queue.send(number);
      await finished.promise;
      await received.waitForCount(4);
      await queue.send(4);
      await received.waitForBody(4);
      deepEqual(
        [...received.bodies].sort((a, b) => a - b),
        [0, 1, 2, 3, 4],
      );
      ok(received.handled.every(({ attempt }) => attempt === 1));
    },
  },
  {
    id: "silent-consumer-loses",
    name: "When a consumer falls silent, its messages are delivered to another consumer after the lease has ended",
    section: "B",
    rows: [27],
    needs: ["lease"],
    effort: 1.5,
    async run(context) {
      const { name, finish, endSilence } = await silentConsumer(context);
      const other = await context.connect({ lease: shortestLease(context) });
      const second = await context.collect(other.queue<string>(name));
      await second.waitForBody("held");
      finish.open();
      endSilence.open();
    },
  },
  {
    id: "lost-lease-aborts",
    name: "When its lease is lost, the message's signal aborts, even if the broker does not respond",
    section: "B",
    rows: [39, 103],
    needs: ["lease"],
    effort: 1.5,
    async run(context) {
      const { silent, finish, endSilence } = await silentConsumer(context);
      const { signal } = silent.handled[0]?.message ?? {};
      await context.until("the signal to abort", () => signal?.aborted === true);
      equal(codeOf(signal?.reason), "LEASE_LOST");
      finish.open();
      endSilence.open();
    },
  },
  {
    id: "settle-after-lost-lease",
    name: "An ack after the lease was lost returns false, and the consumer continues",
    section: "B",
    rows: [39],
    needs: ["lease"],
    effort: 1.5,
    async run(context) {
      const { silent, endSilence, finish, late, name } = await silentConsumer(context);
      const other = await context.connect({ lease: shortestLease(context) });
      const second = await context.collect(other.queue<string>(name));
      await second.waitForBody("held");
      await second.consumer.close();
      endSilence.open();
      finish.open();
      equal(await context.soon("the late ack to return", late), false);
      await other.queue(name).send("next");
      await silent.waitForBody("next");
    },
  },
  {
    id: "stale-ack-removes-nothing",
    name: "An ack that comes too late takes nothing from the consumer that holds the message by then",
    section: "B",
    rows: [39],
    needs: ["lease"],
    effort: 1.5,
    async run(context) {
      const { silent, endSilence, finish, late, name } = await silentConsumer(context);
      const other = await context.connect({ lease: shortestLease(context) });
      const hold = gate();
      const second = await context.collect(other.queue<string>(name), {
        handle: async ({ body, attempt }) => {
          if (body !== "held" || attempt > 1) return;
          await hold.promise;
          throw new Error("failed by the holder");
        },
      });
      await second.waitForBody("held");
      finish.open();
      endSilence.open();
      await late;
      hold.open();
      await context.until("the failed message to be delivered again", () =>
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
      const { silent, endSilence, finish, late, name } = await silentConsumer(context);
      const other = await context.connect({ lease: shortestLease(context) });
      const second = await context.collect(other.queue<string>(name));
      await second.waitForBody("held");
      endSilence.open();
      finish.open();
      await late;
      await context.until("LEASE_LOST to be reported", () =>
        silent.errors.some((error) => codeOf(error) === "LEASE_LOST"),
      );
    },
  },
  {
    id: "ack-overtaken-by-lease",
    name: "An ack that is in flight when the lease ends returns false, and takes nothing from the consumer that holds the message by then",
    section: "B",
    rows: [39],
    needs: ["lease"],
    effort: 1.5,
    async run(context) {
      const { silent, endSilence, finish, late, name } = await silentConsumer(context);
      finish.open();
      const hold = gate();
      const other = await context.connect({ lease: shortestLease(context) });
      const second = await context.collect(other.queue<string>(name), {
        handle: async ({ body, attempt }) => {
          if (body !== "held" || attempt > 1) return;
          await hold.promise;
          throw new Error("failed by the holder");
        },
      });
      await second.waitForBody("held");
      endSilence.open();
      equal(await context.soon("the ack to return", late), false);
      hold.open();
      await context.until("the failed message to be delivered again", () =>
        [...silent.handled, ...second.handled].some(({ body, attempt }) => body === "held" && attempt === 2),
      );
    },
  },
];
