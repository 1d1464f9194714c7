import { setTimeout as sleep } from "node:timers/promises";
import type { Line } from "./line.ts";
import { bodyOf, DistinctCount, warmUpReading } from "./load.ts";

const concurrency = 100;
const perSecond = 500;

/** The time from the call of `send` to the handler, at a rate far below the limit of the broker. */
export const latency: Line = {
  name: "latency",
  empties: true,
  figures: [
    { name: "p50", title: "end to end at 500/s, p50", unit: "ms", better: "less", above: 0.5 },
    { name: "p99", title: "end to end at 500/s, p99", unit: "ms", better: "less", floor: { plain: 1.5 } },
    { name: "cpu", title: "end to end: processor", unit: "µs", better: "less" },
  ],
  async run(contender, scale) {
    const count = Math.round(1250 * scale);
    const ignored = Math.round(125 * scale);
    const total = ignored + count;
    const waits: number[] = [];
    let counter = new DistinctCount(0);
    let warm = false;
    const reader = await contender.consume(async ({ n, at }) => {
      if (counter.add(n) > 0 && n >= ignored && warm) waits.push(performance.now() - at);
    }, concurrency);
    const send = (n: number): Promise<unknown> => contender.send(bodyOf(n));
    await warmUpReading(send, (counting) => {
      counter = counting;
    });
    warm = true;
    counter = new DistinctCount(total);
    const cpu = process.cpuUsage();
    await sendAtRate(total, send);
    await counter.complete;
    const { user, system } = process.cpuUsage(cpu);
    await reader.close();
    waits.sort((a, b) => a - b);
    const at = (share: number): number => waits[Math.floor(waits.length * share)] ?? Number.NaN;
    return { p50: at(0.5), p99: at(0.99), cpu: (user + system) / total };
  },
};

/** Starts a send every 2 ms by the clock. The sends that a late timer missed follow at once. */
async function sendAtRate(total: number, send: (n: number) => Promise<unknown>): Promise<void> {
  const began = performance.now();
  const sends: Promise<unknown>[] = [];
  while (sends.length < total) {
    const due = Math.min(total, Math.floor(((performance.now() - began) / 1000) * perSecond) + 1);
    while (sends.length < due) sends.push(send(sends.length));
    await sleep(1);
  }
  await Promise.all(sends);
}
