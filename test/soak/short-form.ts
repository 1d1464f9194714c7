import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { withServers } from "@anybroker-internal/testkit/brokers/with-servers";
import { expect, test } from "vitest";
import { check } from "./checker/check.ts";
import { proofOf } from "./checker/proof.ts";
import { summarize } from "./checker/summary.ts";
import { reportOf } from "./report.ts";
import { SEEDS } from "./seeds.ts";
import { soak } from "./soak.ts";
import { type SoakBackend, type SoakSubject, subjects } from "./subject.ts";

const SETTINGS = { duration: 12_000, rate: 50, workers: 2, calmness: 0.4, killerEvery: 0 } as const;

/** Defines the soak of a backend in its short form, for each seed of the list. */
export async function shortForm(backend: SoakBackend): Promise<void> {
  const { module, defect }: SoakSubject = subjects[backend];
  await withServers(module, () => {
    if (defect !== undefined) return test.skip(`random load and faults break no promise: a known defect: ${defect}`);
    test.for(SEEDS[backend])(
      "random load and faults break no promise (seed %i)",
      { timeout: 600_000 },
      async (seed) => {
        const folder = await mkdtemp(join(tmpdir(), `anybroker-soak-${backend}-`));
        const title = `${backend}, seed ${seed}, in the short form`;
        const command = `the journals: ${folder}; to look for more: npm run test:soak -- ${backend} --seed ${seed}`;
        const history = await soak({ backend, title, command, seed, ...SETTINGS, folder, say: () => undefined });
        const findings = check(history);
        console.log(reportOf(history, summarize(history), findings));
        expect(findings).toEqual([]);
        // The checker sees what is wrong in a history of a real server too.
        const { found, missed, impossible } = proofOf(history, seed);
        expect(missed).toEqual([]);
        expect(found.length).toBeGreaterThan(impossible.length);
        await rm(folder, { recursive: true });
      },
    );
  });
}
