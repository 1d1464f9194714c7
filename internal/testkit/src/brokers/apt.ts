import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { rm, writeFile } from "node:fs/promises";
import { promisify } from "node:util";

const run = promisify(execFile);
const policy = "/usr/sbin/policy-rc.d";

/** Why apt may not be used here, or undefined when it may. */
export function aptForbidden(): string | undefined {
  if (process.env.ANYBROKER_TEST_INSTALL === "0") return "the tests may not, by ANYBROKER_TEST_INSTALL=0";
  if (!existsSync("/usr/bin/apt-get")) return "the tests can, on Debian or Ubuntu";
  if (process.getuid?.() !== 0) return "the tests can, as root";
  return undefined;
}

/** Installs a server's package without starting the service that comes with it. */
export async function aptInstall(name: string): Promise<void> {
  console.log(`${name} is not here: installing it with apt (ANYBROKER_TEST_INSTALL=0 forbids that).`);
  const quiet = existsSync(policy);
  if (!quiet) await writeFile(policy, "#!/bin/sh\nexit 101\n", { mode: 0o755 });
  try {
    const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
    const lock = "DPkg::Lock::Timeout=300";
    await run("apt-get", ["-o", lock, "-qq", "update"], { env });
    await run("apt-get", ["-o", lock, "-qq", "-y", "--no-install-recommends", "install", name], { env });
  } finally {
    if (!quiet) await rm(policy, { force: true });
  }
}
