import { runConformance } from "@anybroker/conformance";
import { expect, test } from "vitest";
import type { BrokenDriver } from "../src/broken-driver.ts";
import { memoryBackend } from "../src/memory-backend.ts";

/** Defines a test for each driver: the suite fails in exactly the cases that are meant for it. */
export function seeThrough(drivers: readonly BrokenDriver[]): void {
  const two = turns(2);
  test.concurrent.for(drivers)(
    "the suite sees through a driver that $fault",
    { timeout: 300_000 },
    async ({ fault, make, fails }) => {
      await using _turn = await two();
      const failed = await failures(fault, make, () => true);
      // On a busy machine a case may run out of patience, or a fault of timing go unnoticed: these are looked at alone.
      const odd = new Set(
        [...failed].filter((id) => !fails.includes(id)).concat(fails.filter((id) => !failed.has(id))),
      );
      const again = odd.size === 0 ? odd : await failures(fault, make, (id) => odd.has(id));
      const settled = [...failed].filter((id) => !odd.has(id));
      expect([...settled, ...again].toSorted()).toEqual(fails);
    },
  );
}

async function failures(
  fault: string,
  make: BrokenDriver["make"],
  wanted: (id: string) => boolean,
): Promise<ReadonlySet<string>> {
  const { backend, close } = await memoryBackend(fault.replaceAll(/\W+/g, "-"), make());
  const { cases } = await runConformance(backend, { concurrency: 16, only: ({ id }) => wanted(id) });
  await close();
  return new Set(cases.filter(({ status }) => status === "failed").map(({ id }) => id));
}

/** So many at once: the machine is to be busy, not overwhelmed. */
function turns(many: number): () => Promise<AsyncDisposable> {
  let free = many;
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
