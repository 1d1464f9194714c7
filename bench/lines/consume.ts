import { setTimeout as sleep } from "node:timers/promises";
import type { Reader } from "../contender.ts";
import type { Line } from "./line.ts";
import { bodyOf, DistinctCount, keepInFlight, stopwatch, warmUpReading } from "./load.ts";

const concurrency = 100;

/**
 * Handles and acks a backlog. Before that, messages are handled as they are sent, to warm up. The figure does not include
 * opening, closing and the first part of the backlog.
 */
export const consume: Line = {
  name: "consume",
  empties: true,
  figures: [
    { name: "rate", title: "consume and ack a backlog", unit: "/s", better: "more", floor: { plain: 1, expert: 0.85 } },
    { name: "cpu", title: "consume: processor", unit: "µs", better: "less" },
  ],
  async run(contender, scale) {
    const count = Math.round(90_000 * scale);
    const first = Math.round(60_000 * scale);
    const send = (n: number): Promise<unknown> => contender.send(bodyOf(n));
    let counter = new DistinctCount(0);
    let stop = stopwatch();
    const read = (): Promise<Reader> =>
      contender.consume(async ({ n }) => {
        if (counter.add(n) === first) stop = stopwatch();
      }, concurrency);
    const warming = await read();
    await warmUpReading(send, (counting) => {
      counter = counting;
    });
    await warming.close();
    await keepInFlight(0, first + count, 256, send);
    await sleep(300);
    counter = new DistinctCount(first + count);
    const reader = await read();
    await counter.complete;
    const figures = stop(count);
    await reader.close();
    return figures;
  },
};
