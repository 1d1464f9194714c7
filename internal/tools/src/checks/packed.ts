import { execFile } from "node:child_process";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { ROOT } from "../repository.ts";
import { faultsOfFirstProgram } from "./first-program.ts";

const run = promisify(execFile);

/**
 * Packs every package, which builds it. Returns what publint and attw find wrong in the tarballs, and what keeps the
 * first program of the README from running with them.
 */
export async function faultsOfPackedPackages(): Promise<readonly string[]> {
  const folder = await mkdtemp(join(tmpdir(), "anybroker-packed-"));
  try {
    await pnpm("--filter=./packages/*", "-r", "exec", "pnpm", "pack", "--pack-destination", folder);
    const tarballs = (await readdir(folder)).map((name) => join(folder, name));
    if (tarballs.length === 0) return ["no package was packed"];
    const faults = await Promise.all(
      tarballs.flatMap((tarball) => [
        faultsFoundBy("publint", [tarball, "--strict"]),
        faultsFoundBy("attw", [tarball, "--profile", "esm-only"]),
      ]),
    );
    return [...faults.flat(), ...(await faultsOfFirstProgram(tarballs))];
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function pnpm(...args: readonly string[]): Promise<void> {
  try {
    await run("pnpm", args, { cwd: ROOT });
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "ENOENT")) throw error;
    await run("npx", ["-y", "pnpm@12", ...args], { cwd: ROOT });
  }
}

async function faultsFoundBy(command: string, args: readonly string[]): Promise<readonly string[]> {
  try {
    await run(command, args, { cwd: ROOT });
    return [];
  } catch (error) {
    if (!(error instanceof Error && "stdout" in error)) throw error;
    return [`${error.message}\n${String(error.stdout)}`];
  }
}
