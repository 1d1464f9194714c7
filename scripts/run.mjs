// Starts from any Node ≥ 20 with npm: installs what the script needs, then runs it on the pinned Node 24.
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { delimiter, join } from "node:path";

const root = join(import.meta.dirname, "..");
const bin = join(root, "node_modules/.bin");
const [script = "check:all", ...rest] = process.argv.slice(2);

/** The packages of the demo: of the adapters only the one that BROKER_URL asks for. */
function demoPackages() {
  const scheme = process.env.BROKER_URL?.split(":", 1)[0] ?? "";
  const adapter = { amqp: "rabbitmq", amqps: "rabbitmq", rediss: "redis", "kafka+ssl": "kafka" }[scheme] ?? scheme;
  const wanted = ["packages/core", "packages/memory", `packages/${adapter}`, "examples/file-sync"];
  return wanted.filter((folder) => existsSync(join(root, folder, "package.json")));
}

/** All for the tests. For the demo its packages and the pinned Node, but nothing is taken away from a whole install. */
function whatToInstall() {
  if (script !== "demo") return [];
  const filters = demoPackages().map((folder) => `--filter=./${folder}`);
  return existsSync(join(bin, "vitest")) ? filters : ["--prod", ...filters];
}

function pnpm(path, ...args) {
  const { status, error } = spawnSync("npx", ["-y", "pnpm@12", ...args], {
    cwd: root,
    env: { ...process.env, PATH: path },
    stdio: "inherit",
    shell: process.platform === "win32",
  });
  if (error) throw error;
  return status ?? 1;
}

/** Node 24 comes as a package where there is one for the system; elsewhere the one that runs this must do. */
function nodeWillDo() {
  if (existsSync(join(bin, "node")) || Number.parseInt(process.versions.node, 10) >= 24) return true;
  console.error(
    `This needs Node 24 or later, and this is ${process.version}: there is no package with it for this system.`,
  );
  return false;
}

// The lock file's checksums are trusted: to ask the registry about the age of each package takes a minute.
const flags = [
  "--frozen-lockfile",
  "--trust-lockfile",
  "--prefer-offline",
  "--reporter=append-only",
  "--loglevel=error",
];
// The install runs on the Node that runs this file, because it may replace the pinned one.
process.exitCode = pnpm(process.env.PATH, "install", ...flags, ...whatToInstall());
if (process.exitCode === 0) {
  process.exitCode = nodeWillDo() ? pnpm([bin, process.env.PATH].join(delimiter), "run", script, ...rest) : 1;
}
