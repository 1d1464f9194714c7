import { benchmarkOf } from "./benchmarks.ts";
import type { Job } from "./job.ts";
import { lineOf } from "./lines/index.ts";

// job.ts starts this process, with a job as the only argument.
const job = JSON.parse(process.argv[2] ?? "{}") as Job;
const line = lineOf(job.line);
const load = (await benchmarkOf(job.backend)).contenders[job.contender];
if (load === undefined) throw new TypeError(`${job.backend} has no contender "${job.contender}"`);
const open = await load();
const contender = await open(job.url, job.queue);
const figures = await line.run(contender, job.scale);
await contender.close();
process.send?.(figures);
process.disconnect();
