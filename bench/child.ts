import { backendOf } from "./backends.ts";
import type { Job } from "./job.ts";
import { lineOf } from "./lines/index.ts";

// Started by job.ts, which passes a job as the only argument.
const job = JSON.parse(process.argv[2] ?? "{}") as Job;
const line = lineOf(job.line);
const load = (await backendOf(job.backend)).contenders[job.contender];
if (load === undefined) throw new TypeError(`${job.backend} has no contender "${job.contender}"`);
const open = await load();
const contender = await open(job.url, job.queue);
const figures = await line.run(contender, job.scale);
await contender.close();
process.send?.(figures);
process.disconnect();
