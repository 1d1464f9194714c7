// Packs every package and checks the tarballs as a user's tools will see them. Needs `tsc -b` first.
import { execFile } from "node:child_process";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);

async function pnpm(...args) {
  return run("pnpm", args).catch((error) =>
    error.code === "ENOENT" ? run("npx", ["-y", "pnpm@12", ...args]) : Promise.reject(error),
  );
}

async function check(command, args) {
  try {
    await run(command, args);
    return [];
  } catch (error) {
    return [`${command} ${args.join(" ")}\n${error.stdout}${error.stderr}`];
  }
}

const folder = await mkdtemp(join(tmpdir(), "anybroker-packed-"));
try {
  await pnpm("--filter=./packages/*", "-r", "exec", "pnpm", "pack", "--pack-destination", folder);
  const tarballs = (await readdir(folder)).map((name) => join(folder, name));
  const faults = await Promise.all([
    ...tarballs.map((tarball) => check("publint", [tarball, "--strict"])),
    ...tarballs.map((tarball) => check("attw", [tarball, "--profile", "esm-only"])),
  ]);
  for (const fault of faults.flat()) console.error(fault);
  console.log(`${tarballs.length} packages packed and checked with publint and attw`);
  process.exitCode = faults.flat().length === 0 ? 0 : 1;
} finally {
  await rm(folder, { recursive: true, force: true });
}
