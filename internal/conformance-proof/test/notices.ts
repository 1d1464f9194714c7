import { runConformance } from "@anybroker/conformance";
import { expect, test } from "vitest";
import type { BrokenDriver } from "../src/broken-driver.ts";
import { memorySubject } from "../src/memory-subject.ts";

/** Defines a test for each driver: exactly its cases fail. */
export function suiteNotices(drivers: readonly BrokenDriver[]): void {
  const turn = turns(2);
  test.concurrent.for(drivers)(
    "the suite notices a driver that $fault",
    { timeout: 300_000 },
    async ({ fault, make, fails }) => {
      await using _turn = await turn();
      const failed = await failures(fault, make, () => true);
      // On a busy machine a case may time out, or a fault of timing stay unnoticed. Such cases run again, on their own.
      const doubtful = new Set(
        [...failed].filter((id) => !fails.includes(id)).concat(fails.filter((id) => !failed.has(id))),
      );
      const again = doubtful.size === 0 ? doubtful : await failures(fault, make, (id) => doubtful.has(id));
      const certain = [...failed].filter((id) => !doubtful.has(id));
      expect([...certain, ...again].toSorted()).toEqual(fails);
    },
  );
}

async function failures(
  fault: string,
  make: BrokenDriver["make"],
  wanted: (id: string) => boolean,
): Promise<ReadonlySet<string>> {
  const { subject, close } = await memorySubject(fault.replaceAll(/\W+/g, "-"), make());
  const { cases } = await runConformance(subject, { concurrency: 16, only: ({ id }) => wanted(id) });
  await close();
  return new Set(cases.filter(({ status }) => status === "failed").map(({ id }) => id));
}

/** Limits how many runs happen at once, so that the machine is not overwhelmed. */
function turns(limit: number): () => Promise<AsyncDisposable> {
  let free = limit;
  const waiting: (() => void)[] = [];
  return async () => {
    if (free === 0) await new Promise<void>((resolve) => waiting.push(resolve));
    else free -= 1;
    return {
      async [Symbol.asyncDispose]() {
        const next = waiting.shift();
        if (next === undefined) free += 1;
        else next();
      },
    };
  };
}
