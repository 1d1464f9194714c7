import { setImmediate as turn } from "node:timers/promises";
import type { Line } from "./line.ts";
import { bodyOf, DistinctCount, keepInFlight } from "./load.ts";

const early = 200_000;
const late = 1_000_000;

/** Memory growth: the heap after a forced collection, late in a long run, minus the heap early in it. */
export const heap: Line = {
  name: "heap",
  empties: true,
  once: true,
  figures: [
    { name: "growth", title: "heap at 1,000,000 messages less that at 200,000", unit: "MiB", better: "less", most: 5 },
    { name: "early", title: "heap at 200,000 messages", unit: "MiB", better: "less" },
  ],
  async run(contender, scale) {
    const counts = [Math.round(early * scale), Math.round(late * scale)] as const;
    let counter = new DistinctCount(counts[0]);
    let from = 0;
    const reader = await contender.consume(async ({ n }) => {
      counter.add(n - from);
    }, 100);
    const upTo = async (to: number): Promise<number> => {
      counter = new DistinctCount(to - from);
      await keepInFlight(from, to, 256, (n) => contender.send(bodyOf(n)));
      await counter.complete;
      from = to;
      counter = new DistinctCount(1);
      return heapNow();
    };
    const first = await upTo(counts[0]);
    const second = await upTo(counts[1]);
    await reader.close();
    return { growth: second - first, early: first };
  },
};

async function heapNow(): Promise<number> {
  if (globalThis.gc === undefined) throw new Error("the heap line needs node --expose-gc");
  for (let pass = 0; pass < 3; pass += 1) {
    await turn();
    globalThis.gc();
  }
  return process.memoryUsage().heapUsed / 2 ** 20;
}
