import type { Figure, Line } from "./line.ts";
import { bodyOf, keepInFlight, stopwatch, warmUp } from "./load.ts";

const inFlight = 256;
const batchSize = 500;

const cpu = (title: string): Figure => ({ name: "cpu", title: `${title}: processor`, unit: "µs", better: "less" });

/** Sends one message after another, each awaited: the round trip, and what the client adds to it. */
export const sendOne: Line = {
  name: "send-one",
  empties: false,
  figures: [
    { name: "rate", title: "send one by one", unit: "/s", better: "more", floor: { plain: 0.95 } },
    cpu("send one by one"),
  ],
  async run(contender, scale) {
    const count = Math.round(3000 * scale);
    await warmUp(() => contender.send(bodyOf(0)));
    const stop = stopwatch();
    for (let n = 0; n < count; n += 1) await contender.send(bodyOf(n));
    return stop(count);
  },
};

/** Sends as a busy service does, with 256 calls pending at any time. */
export const sendMany: Line = {
  name: "send-256",
  empties: false,
  figures: [
    { name: "rate", title: "send, 256 in flight", unit: "/s", better: "more", floor: { plain: 1, expert: 0.85 } },
    cpu("send, 256 in flight"),
  ],
  async run(contender, scale) {
    const count = Math.round(60_000 * scale);
    const send = (n: number): Promise<unknown> => contender.send(bodyOf(n));
    await warmUp(() => keepInFlight(0, 10_000, inFlight, send));
    const stop = stopwatch();
    await keepInFlight(0, count, inFlight, send);
    return stop(count);
  },
};

/** Sends one batch after another, each awaited. */
export const sendBatch: Line = {
  name: "send-batch",
  empties: false,
  figures: [
    { name: "rate", title: `sendBatch of ${batchSize}`, unit: "/s", better: "more", floor: { plain: 1, expert: 0.85 } },
    cpu("sendBatch"),
  ],
  async run(contender, scale) {
    const batches = Math.max(2, Math.round(120 * scale));
    const batch = (): Promise<unknown> => contender.sendBatch(Array.from({ length: batchSize }, (_, n) => bodyOf(n)));
    await warmUp(batch);
    const stop = stopwatch();
    for (let n = 0; n < batches; n += 1) await batch();
    return stop(batches * batchSize);
  },
};
