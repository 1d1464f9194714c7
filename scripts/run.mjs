// Starts from any Node ≥ 20 with npm: installs what the script needs, then runs it on the pinned Node 24.
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { delimiter, join } from "node:path";

const root = join(import.meta.dirname, "..");
const bin = join(root, "node_modules/.bin");
const [script = "check:all", ...args] = process.argv.slice(2);

/** The adapters whose names are not their schemes. A connection string of Azure begins with "Endpoint=". */
const ADAPTERS = { amqp: "rabbitmq", amqps: "rabbitmq", rediss: "redis", "kafka+ssl": "kafka", endpoint: "servicebus" };

/** The packages of the demo, with only the adapter that BROKER_URL needs. */
function demoPackages() {
  const scheme = process.env.BROKER_URL?.split(/[:=]/, 1)[0].toLowerCase() ?? "";
  const adapter = ADAPTERS[scheme] ?? scheme;
  const wanted = ["packages/core", "packages/memory", `packages/${adapter}`, "examples/file-sync"];
  return wanted.filter((folder) => existsSync(join(root, folder, "package.json")));
}

/** Filters for the install: none for the tests, and for the demo and the emulator their packages. A complete install stays complete. */
function installFilters() {
  if (script !== "demo" && script !== "emulate") return [];
  const folders = script === "demo" ? demoPackages() : ["packages/servicebus-emulator"];
  const filters = folders.map((folder) => `--filter=./${folder}`);
  return existsSync(join(bin, "vitest")) ? filters : ["--prod", ...filters];
}

function pnpm(path, ...pnpmArgs) {
  const { status, error } = spawnSync("npx", ["-y", "pnpm@12", ...pnpmArgs], {
    cwd: root,
    env: { ...process.env, PATH: path },
    stdio: "inherit",
    shell: process.platform === "win32",
  });
  if (error) throw error;
  return status ?? 1;
}

/** Whether there is a Node 24: a package brings one for some systems, and on others this Node must be new enough. */
function hasNode24() {
  if (existsSync(join(bin, "node")) || Number.parseInt(process.versions.node, 10) >= 24) return true;
  console.error(
    `This needs Node 24 or later, and this is ${process.version}. There is no package with Node 24 for this system.`,
  );
  return false;
}

// Trusts the checksums of the lock file, because asking the registry about the age of each package takes a minute.
const flags = [
  "--frozen-lockfile",
  "--trust-lockfile",
  "--prefer-offline",
  "--reporter=append-only",
  "--loglevel=error",
];
// The install runs on the Node that runs this file, because it may replace the pinned one.
process.exitCode = pnpm(process.env.PATH, "install", ...flags, ...installFilters());
if (process.exitCode === 0) {
  process.exitCode = hasNode24() ? pnpm([bin, process.env.PATH].join(delimiter), "run", script, ...args) : 1;
}
