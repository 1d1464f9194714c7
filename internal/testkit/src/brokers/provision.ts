import { aptInstall, aptLocked } from "./apt.ts";
import type { Way } from "./broker.ts";

interface Finder {
  find(): Promise<Way>;
}

async function packagesFor(modules: readonly Finder[]): Promise<readonly string[]> {
  const ways = await Promise.all(modules.map((module) => module.find()));
  return [...new Set(ways.flatMap((way) => (way.by === "none" ? way.packages : [])))];
}

/** Installs the packages that these modules lack, all in one go, where that is allowed. */
export async function provision(modules: readonly Finder[]): Promise<void> {
  if ((await packagesFor(modules)).length === 0) return;
  await aptLocked(async () => {
    // Another test run may have installed them meanwhile.
    const packages = await packagesFor(modules);
    if (packages.length === 0) return;
    console.log(`Installing with apt: ${packages.join(", ")} (ANYBROKER_TEST_INSTALL=0 forbids it).`);
    await aptInstall(packages);
  });
}
