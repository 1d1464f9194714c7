import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { rm, writeFile } from "node:fs/promises";
import { setTimeout as delay } from "node:timers/promises";
import { promisify } from "node:util";

const POLICY = "/usr/sbin/policy-rc.d";
const PATIENCE = 300_000;

/** Why the tests do not install packages here, or undefined when they do. */
export function aptForbidden(): string | undefined {
  if (process.env.ANYBROKER_TEST_INSTALL === "0") return "ANYBROKER_TEST_INSTALL=0 forbids the tests to do it";
  if (!existsSync("/usr/bin/apt-get") || process.getuid?.() !== 0)
    return "the tests do it themselves as root on Debian or Ubuntu";
  return undefined;
}

/** Runs the task under a lock of this machine. The lock ends with this process, even if the process is killed. */
export async function aptLocked(task: () => Promise<void>): Promise<void> {
  const holder = spawn("flock", ["/var/lib/dpkg", "sh", "-c", "echo locked && exec cat"], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  const ended = once(holder, "exit");
  await Promise.race([
    once(holder.stdout, "data"),
    ended.then(([code]) => {
      throw new Error(`flock ended with ${code}`);
    }),
  ]);
  try {
    await task();
  } finally {
    holder.stdin.end();
    await ended;
  }
}

/** Installs packages without starting the services that come with them. */
export async function aptInstall(packages: readonly string[]): Promise<void> {
  const policy = !existsSync(POLICY);
  if (policy) await writeFile(POLICY, "#!/bin/sh\nexit 101\n", { mode: 0o755 });
  try {
    await update();
    await apt("-o", `DPkg::Lock::Timeout=${PATIENCE / 1_000}`, "-y", "--no-install-recommends", "install", ...packages);
  } finally {
    if (policy) await rm(POLICY, { force: true });
  }
}

/** Updates the package lists. `DPkg::Lock::Timeout` does not cover them, and the system may be updating them itself. */
async function update(): Promise<void> {
  const end = Date.now() + PATIENCE;
  for (;;) {
    try {
      return await apt("update");
    } catch (error) {
      if (!String(error).includes("Could not get lock") || Date.now() > end) throw error;
    }
    await delay(1_000);
  }
}

async function apt(...args: readonly string[]): Promise<void> {
  const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
  await promisify(execFile)("apt-get", ["-qq", ...args], { env, maxBuffer: 64 * 1024 * 1024 });
}
