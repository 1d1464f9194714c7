import { setTimeout as sleep } from "node:timers/promises";
import type { Line } from "./line.ts";
import { bodyOf, keepInFlight, stopwatch, Tally } from "./load.ts";

const concurrency = 100;

/** A backlog is handled and acked. The first part warms up; opening and closing are not in the figure. */
export const consume: Line = {
  name: "consume",
  empties: true,
  figures: [
    { name: "rate", title: "consume and ack a backlog", unit: "/s", better: "more", floor: { plain: 1, expert: 0.85 } },
    { name: "cpu", title: "consume: processor", unit: "µs", better: "less" },
  ],
  async run(contender, scale) {
    const count = Math.round(90_000 * scale);
    const warm = Math.round(60_000 * scale);
    await keepInFlight(0, warm + count, 256, (n) => contender.send(bodyOf(n)));
    await sleep(300);
    const tally = new Tally(warm + count);
    let stop = stopwatch();
    const reader = await contender.consume(async ({ n }) => {
      if (tally.add(n) === warm) stop = stopwatch();
    }, concurrency);
    await tally.all;
    const figures = stop(count);
    await reader.close();
    return figures;
  },
};
