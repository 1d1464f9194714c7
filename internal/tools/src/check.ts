// Part of npm run check: what no other tool checks.
import { backendsNamedInCore } from "./checks/core-names-no-backend.ts";
import { longFiles } from "./checks/long-files.ts";
import { propertiesWithoutUndefined } from "./checks/optional-properties.ts";
import { faultsOfPackedPackages } from "./checks/packed.ts";

for (const hint of longFiles()) console.warn(`warning: ${hint}`);
const faults = [...backendsNamedInCore(), ...propertiesWithoutUndefined(), ...(await faultsOfPackedPackages())];
for (const fault of faults) console.error(`error: ${fault}`);
console.log(`${faults.length} errors in the packed packages, their optional properties and the words of the core`);
process.exitCode = faults.length === 0 ? 0 : 1;
