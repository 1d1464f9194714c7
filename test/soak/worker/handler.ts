import { setTimeout as sleep } from "node:timers/promises";
import type { Handler } from "@anybroker/core";
import type { Step } from "../history/event.ts";
import type { Journal } from "../history/journal.ts";
import type { Body } from "../workload/load.ts";
import { REFUSED } from "../workload/sources.ts";

/** The number of runs that a process has begun. */
export interface Runs {
  begun: number;
}

const SUCCEED: Step = { work: 0, fails: 0, by: "throw" };

/** Makes the handler of a source: it does with each message what its body says, and records that. */
export function handlerOf(source: string, life: string, journal: Journal, runs: Runs): Handler<Body> {
  return async (message) => {
    const { id = "without id", body, attempt } = message;
    runs.begun += 1;
    const run = `${life}#${runs.begun}`;
    journal.write({ type: "begin", run, message: id, source, attempt });
    const { work, fails, by, delay } = body[source] ?? SUCCEED;
    if (work > 0) await sleep(work);
    if (attempt > fails) return journal.write({ type: "done", run });
    switch (by) {
      case "throw":
        journal.write({ type: "failed", run });
        throw new Error("it fails as planned");
      case "retry":
        journal.write({ type: "failed", run, ...(delay !== undefined && { delay }) });
        return message.retry({ delay });
      case "deadLetter":
        journal.write({ type: "refused", run });
        return message.deadLetter(REFUSED);
      case "kill":
        journal.write({ type: "killing", run });
        process.kill(process.pid, "SIGKILL");
    }
  };
}
