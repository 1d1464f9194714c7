// Compares the speed of this tree with that of another checkout, in alternating pairs of processes.
import { resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { backendNames, benchmarkOf } from "./benchmarks.ts";
import { runJob } from "./job.ts";
import { lineOf } from "./lines/index.ts";
import { median } from "./report.ts";

const usage = `npm run bench:compare -- <folder of the other checkout, installed> [options]
  --backends <a,b>  ${backendNames.join(", ")} (all but memory)
  --lines <a,b>     lines of the bench (send-256,consume)
  --pairs <n>       alternating pairs of each line (10)
  --scale <x>       by which the number of messages is multiplied (1)`;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    backends: { type: "string", default: backendNames.filter((name) => name !== "memory").join(",") },
    lines: { type: "string", default: "send-256,consume" },
    pairs: { type: "string", default: "10" },
    scale: { type: "string", default: "1" },
  },
});
const [other] = positionals;
if (other === undefined) {
  console.error(usage);
  process.exit(2);
}
const here = fileURLToPath(new URL("./child.ts", import.meta.url));
const there = resolve(other, "bench/child.ts");
const pairs = Number(values.pairs);
const all: number[] = [];

for (const backend of values.backends.split(",")) {
  const { start, clean } = await benchmarkOf(backend);
  const server = await start();
  try {
    for (const line of values.lines.split(",").map(lineOf)) {
      const ratios: number[] = [];
      const rate = async (child: string): Promise<number> => {
        const queue = `bench-${crypto.randomUUID()}`;
        const scale = Number(values.scale);
        const job = { backend, contender: "ours", line: line.name, url: server.url, queue, scale } as const;
        const figures = await runJob(job, undefined, child);
        await clean(server.url, queue, line.empties);
        return figures.rate ?? Number.NaN;
      };
      for (let pair = 0; pair < pairs; pair += 1) {
        // Each goes first in half of the pairs.
        const first = await rate(pair % 2 === 0 ? here : there);
        const second = await rate(pair % 2 === 0 ? there : here);
        ratios.push(pair % 2 === 0 ? first / second : second / first);
      }
      all.push(...ratios);
      const each = ratios.map((ratio) => ratio.toFixed(2)).join(" ");
      console.log(`${backend} ${line.name}: ${median(ratios).toFixed(3)} of ${other} (${each})`);
    }
  } finally {
    await server.stop();
  }
}
console.log(`all lines together: ${median(all).toFixed(3)}`);
