import { setTimeout as sleep } from "node:timers/promises";
import type { Reader } from "../contender.ts";
import type { Line } from "./line.ts";
import { bodyOf, keepInFlight, stopwatch, Tally, warmUpReading } from "./load.ts";

const concurrency = 100;

/**
 * A backlog is handled and acked. Before that, messages are handled as they are sent, to warm up; opening, closing and the
 * first part of the backlog are not in the figure.
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
    let tally = new Tally(0);
    let stop = stopwatch();
    const read = (): Promise<Reader> =>
      contender.consume(async ({ n }) => {
        if (tally.add(n) === first) stop = stopwatch();
      }, concurrency);
    const warming = await read();
    await warmUpReading(send, (counting) => {
      tally = counting;
    });
    await warming.close();
    await keepInFlight(0, first + count, 256, send);
    await sleep(300);
    tally = new Tally(first + count);
    const reader = await read();
    await tally.all;
    const figures = stop(count);
    await reader.close();
    return figures;
  },
};
