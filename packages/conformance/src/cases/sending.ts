import { deepEqual, equal, ok, rejects } from "node:assert/strict";
import { BrokerError } from "@anybroker/core";
import type { Case } from "../case.ts";
import { codeOf } from "../error-code.ts";
import { Faults, InjectedError } from "../layers/faults.ts";
import { awaitLater, gate } from "../wait.ts";

const cancelled = { name: "BrokerError", code: "CANCELLED" };

/** The current state of a promise: `pending`, `sent` or an error code. */
function watched(promise: Promise<unknown>): { readonly state: () => unknown } {
  let state: unknown = "pending";
  promise.then(
    () => {
      state = "sent";
    },
    (error: unknown) => {
      state = codeOf(error);
    },
  );
  return { state: () => state };
}

export const SENDING: readonly Case[] = [
  {
    id: "send-awaits-acceptance",
    name: "A send resolves only when the broker has confirmed the message",

    section: "F",
    rows: [91],
    async run(context) {
      const faults = new Faults();
      const hold = gate();
      let reached = false;
      faults.send = () => {
        reached = true;
        return hold.promise;
      };
      const { queue } = await context.queue({ faults });
      const sending = awaitLater(queue.send("body"));
      const { state } = watched(sending);
      await context.until("the message to reach the driver", () => reached);
      const received = await context.collect((await context.connect()).queue<string>(queue.name));
      await received.waitForBody("body");
      equal(state(), "pending");
      hold.open();
      await context.soon("the send to resolve", sending);
    },
  },
  {
    id: "refused-send-rejects",
    name: "A send that the broker refuses rejects with a BrokerError that names the queue and keeps the client's error",

    section: "F",
    rows: [91, 113],
    async run(context) {
      const faults = new Faults();
      const cause = new InjectedError("REJECTED", false);
      faults.send = () => ({ error: cause, outcomeUnknown: false });
      const { queue } = await context.queue({ faults });
      await rejects(queue.send("body"), (error: unknown) => {
        ok(error instanceof BrokerError && error instanceof Error);
        deepEqual([error.code, error.retryable, error.outcomeUnknown], ["REJECTED", false, false]);
        equal(error.cause, cause);
        ok(error.message.includes(queue.name), error.message);
        return true;
      });
    },
  },
  {
    id: "refused-publish-rejects",
    name: "A publish that the broker refuses rejects",

    section: "F",
    rows: [91],
    async run(context) {
      const faults = new Faults();
      faults.send = () => ({ error: new InjectedError("QUOTA", false), outcomeUnknown: false });
      const { topic } = await context.topic({ faults });
      await rejects(topic.publish("body"), { name: "BrokerError", code: "QUOTA" });
    },
  },
  {
    id: "transient-send-retried",
    name: "A send that fails with a transient error is tried again with the same id, and arrives",
    section: "F",
    rows: [113],
    async run(context) {
      const faults = new Faults();
      const ids: string[] = [];
      faults.send = ({ id }) => {
        ids.push(id);
        return ids.length > 2 ? undefined : { error: new InjectedError("THROTTLED", true), outcomeUnknown: false };
      };
      const { queue } = await context.queue({ faults });
      const { id } = await queue.send("body");
      deepEqual(ids, [id, id, id]);
      const received = await context.collect(queue);
      await received.waitForCount(1);
      equal(received.handled[0]?.id, id);
    },
  },
  {
    id: "send-deadline",
    name: "A send that keeps failing rejects when its timeout is over, and says whether the broker may have the message",
    section: "F",
    rows: [102, 113],
    async run(context) {
      const faults = new Faults();
      const broker = await context.connect({ faults });
      for (const outcomeUnknown of [false, true]) {
        const queue = broker.queue(context.name());
        await queue.send("before");
        let tries = 0;
        faults.send = () => {
          tries += 1;
          return { error: new InjectedError("UNAVAILABLE", true), outcomeUnknown };
        };
        const failed = { name: "BrokerError", retryable: true, outcomeUnknown };
        await rejects(queue.send("body", { timeout: context.shortTimeout * 3 }), failed);
        ok(tries > 0, "there was no attempt");
        faults.send = undefined;
      }
    },
  },
  {
    id: "unconfirmed-send-times-out",
    name: "A send that is never confirmed rejects with TIMEOUT, and its outcome is unknown",
    section: "F",
    rows: [101, 102],
    async run(context) {
      const faults = new Faults();
      const hold = gate();
      const { broker, queue } = await context.queue({ faults });
      await broker.declare({ queues: { [queue.name]: {} } });
      faults.send = () => hold.promise;
      const start = performance.now();
      await rejects(queue.send("body", { timeout: context.shortTimeout }), {
        name: "BrokerError",

        code: "TIMEOUT",
        outcomeUnknown: true,
      });
      ok(performance.now() - start < context.patience, "it took too long");
      hold.open();
    },
  },
  {
    id: "late-confirm-of-another",
    name: "When one of two sends times out, the late confirm of the other still counts",

    section: "F",
    rows: [113],
    async run(context) {
      const faults = new Faults();
      const hold = gate();
      const { broker, queue } = await context.queue({ faults });
      await broker.declare({ queues: { [queue.name]: {} } });
      faults.send = () => hold.promise;
      const impatient = awaitLater(queue.send("impatient", { timeout: context.shortTimeout }));
      const patient = awaitLater(queue.send("patient", { timeout: 20_000 }));
      const { state } = watched(patient);
      await rejects(impatient, { code: "TIMEOUT", outcomeUnknown: true });
      equal(state(), "pending");
      hold.open();
      await context.soon("the patient send to resolve", patient);
      faults.send = undefined;
      await queue.send("next");
      const received = await context.collect(queue);
      await Promise.all([received.waitForBody("patient"), received.waitForBody("next")]);
    },
  },
  {
    id: "send-aborted-before",
    name: "A send whose signal is aborted already rejects with CANCELLED, and sends nothing",
    section: "F",
    rows: [102],
    async run(context) {
      const { queue } = await context.queue();
      await rejects(queue.send("never", { signal: AbortSignal.abort() }), { ...cancelled, outcomeUnknown: false });
      await queue.send("marker");
      const received = await context.collect(queue);
      await received.waitForBody("marker");
      deepEqual(received.bodies, ["marker"]);
    },
  },
  {
    id: "send-aborted-on-its-way",
    name: "A send whose signal aborts in flight rejects with CANCELLED at once, with an unknown outcome; other sends continue",
    section: "F",
    rows: [102, 104],
    async run(context) {
      const faults = new Faults();
      const hold = gate();
      let reached = 0;
      faults.send = () => {
        reached += 1;
        return hold.promise;
      };
      const { queue } = await context.queue({ faults });
      const stop = new AbortController();
      const aborted = awaitLater(queue.send("aborted", { signal: stop.signal }));
      const other = awaitLater(queue.send("other"));
      const { state } = watched(aborted);
      await context.until("both messages to reach the driver", () => reached === 2);
      stop.abort();
      await context.until("the send to be cancelled", () => state() === "CANCELLED");
      await rejects(aborted, { ...cancelled, outcomeUnknown: true });
      hold.open();
      await context.soon("the other send to resolve", other);
    },
  },
  {
    id: "backpressure",
    name: "When the send buffer is full, a send waits and then fails with BACKPRESSURE; earlier sends arrive",
    section: "F",
    rows: [113],
    async run(context) {
      const faults = new Faults();
      const hold = gate();
      const { broker, queue } = await context.queue<number>({ faults, sendBuffer: { messages: 5 } });
      await broker.declare({ queues: { [queue.name]: {} } });
      faults.send = () => hold.promise;
      const inside = [0, 1, 2, 3, 4].map((number) => awaitLater(queue.send(number)));
      await rejects(queue.send(5, { timeout: context.shortTimeout }), {
        name: "BrokerError",

        code: "BACKPRESSURE",
        outcomeUnknown: false,
      });
      const waiting = awaitLater(queue.send(6));
      hold.open();
      await context.soon("all messages to be sent", Promise.all([...inside, waiting]));
      const received = await context.collect(queue);
      await received.waitForCount(6);
      deepEqual(new Set(received.bodies), new Set([0, 1, 2, 3, 4, 6]));
    },
  },
  {
    id: "bad-send-among-others",
    name: "A send with an invalid message does not affect other sends in flight",
    section: "F",
    rows: [132],
    async run(context) {
      const { queue } = await context.queue<unknown>({ capabilities: { limits: { body: 1_000 } } });
      const good = Array.from({ length: 20 }, (_, index) => awaitLater(queue.send(index)));
      await rejects(queue.send("x".repeat(1_001)), { code: "TOO_LARGE" });
      await rejects(queue.send("body", { headers: { "Not-Legal": "x" } }), TypeError);
      await Promise.all([...good, queue.send("last")]);
      const received = await context.collect(queue);
      await received.waitForCount(21);
    },
  },
  {
    id: "same-id-resent",
    name: "A message can be sent again with the same id; it arrives at least once, with that id",
    section: "F",
    rows: [69, 70],
    async run(context) {
      const { queue } = await context.queue();
      await queue.send("body", { id: "again" });
      await queue.send("body", { id: "again" });
      await queue.send("marker");
      const received = await context.collect(queue);
      await received.waitForBody("marker");
      ok(received.handled.filter(({ id }) => id === "again").length >= 1);
    },
  },
];
