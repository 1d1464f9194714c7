// npm run test:matrix [-- TIMES]: runs the suites against newer servers, which it installs in a Debian testing in a
// folder, against an older Kafka, and with the second client of Kafka. The folder is made once, in the user's cache.
// Needs Debian or Ubuntu, and root.
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir, rename, rm, writeFile } from "node:fs/promises";
import { homedir, hostname } from "node:os";
import { join } from "node:path";
import { ROOT } from "../repository.ts";

interface Target {
  readonly project: string;
  readonly name: string;
  /** Environment variables for the tests. */
  readonly env: Readonly<Record<string, string>>;
}

/** The program of the newest Redis, which only Debian's experimental has. It lies beside the packaged one. */
const NEWEST_REDIS = "redis-server-experimental";

/** Servers in the folder: the name is that of the Debian package and of its program. */
const IN_FOLDER: readonly Target[] = [
  { project: "rabbitmq", name: "rabbitmq-server", env: {} },
  { project: "redis", name: "redis-server", env: {} },
  { project: "redis", name: "valkey-server", env: { ANYBROKER_TEST_REDIS_PROGRAM: "valkey-server" } },
  { project: "redis", name: NEWEST_REDIS, env: { ANYBROKER_TEST_REDIS_PROGRAM: NEWEST_REDIS } },
];

/** Runs that need no folder. */
const OTHERS: readonly Target[] = [
  { project: "kafka", name: "Kafka 3.9", env: { ANYBROKER_TEST_KAFKA_VERSION: "3.9.1" } },
  { project: "kafka", name: "Kafka with @platformatic/kafka", env: { ANYBROKER_TEST_KAFKA_CLIENT: "platformatic" } },
];

const SUITE = "forky";
const cache = join(process.env.XDG_CACHE_HOME || join(homedir(), ".cache"), "anybroker");
const system = join(cache, `debian-${SUITE}`);
const [times = "1", ...options] = process.argv.slice(2);

function run(command: readonly string[], env: Readonly<Record<string, string>> = {}): void {
  const [program = "", ...args] = command;
  const { status, error } = spawnSync(program, args, { stdio: "inherit", env: { ...process.env, ...env } });
  if (error) throw error;
  if (status !== 0) throw new Error(`${command.join(" ")} ended with ${status}`);
}

/** Runs a shell script with the folder as its root, and with a /proc that is unmounted when the script ends. */
function runInside(folder: string, script: string): void {
  const mount = `mount -t proc proc '${folder}/proc' && exec chroot '${folder}' /bin/sh -c "$1"`;
  run(["unshare", "--mount", "sh", "-c", mount, "sh", script]);
}

async function makeSystem(folder: string): Promise<void> {
  if (!existsSync("/usr/sbin/debootstrap")) {
    run(["apt-get", "-qq", "update"]);
    run(["apt-get", "-qq", "-y", "--no-install-recommends", "install", "debootstrap"]);
  }
  // An older debootstrap does not know the name of the suite. The script of sid serves all suites.
  const script = "/usr/share/debootstrap/scripts/sid";
  run(["debootstrap", "--variant=minbase", SUITE, folder, mirror(), script]);
  await writeFile(join(folder, "usr/sbin/policy-rc.d"), "#!/bin/sh\nexit 101\n", { mode: 0o755 });
  // RabbitMQ does not start where it cannot resolve the name of its host.
  await writeFile(join(folder, "etc/hosts"), `127.0.0.1 localhost ${hostname()}\n`);
}

function installMissing(folder: string): void {
  const isInstalled = (name: string): boolean => existsSync(join(folder, "usr/share/doc", name));
  const missing = IN_FOLDER.map(({ name }) => name).filter((name) => name !== NEWEST_REDIS && !isInstalled(name));
  if (missing.length === 0) return;
  // The lists of a mirror that lags behind are good enough.
  const apt = "DEBIAN_FRONTEND=noninteractive apt-get -qq -o Acquire::Check-Valid-Until=false";
  runInside(folder, `${apt} update && ${apt} -y --no-install-recommends install ${missing.join(" ")} >/dev/null`);
}

function installNewestRedis(folder: string): void {
  if (existsSync(join(folder, "usr/bin", NEWEST_REDIS))) return;
  const apt = "apt-get -qq -o Acquire::Check-Valid-Until=false";
  const list = "/etc/apt/sources.list.d/experimental.list";
  // All programs of Redis are one file. It acts as the program by whose name it is called.
  const unpack = `dpkg -x redis-tools_*.deb . && cp -L usr/bin/redis-check-rdb /usr/bin/${NEWEST_REDIS}`;
  const steps = [
    `echo 'deb ${mirror()} experimental main' > ${list} && ${apt} update`,
    `cd "$(mktemp -d)" && ${apt} -o APT::Sandbox::User=root download redis-tools/experimental && ${unpack}`,
  ];
  runInside(folder, steps.join(" && "));
}

/** The mirror from which this system gets its packages. */
function mirror(): string {
  const { stdout } = spawnSync("apt-get", ["indextargets", "--format", "$(SITE)"], { encoding: "utf8" });
  const site = stdout.split("\n").find((one) => /\/debian\/?$/.test(one));
  if (site === undefined) throw new Error("apt knows no Debian mirror: test:matrix needs one");
  return site;
}

if (process.getuid?.() !== 0 || !existsSync("/usr/bin/apt-get")) {
  console.error("test:matrix needs Debian or Ubuntu, and root: it makes a Debian testing in a folder.");
  process.exit(2);
}
if (!existsSync(system)) {
  console.log(`Making a Debian ${SUITE} in ${system}, once.`);
  const folder = `${system}.new`;
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  await makeSystem(folder);
  await rename(folder, system);
}
installMissing(system);
installNewestRedis(system);

const repeat = ({ project }: Target): readonly string[] => [
  process.execPath,
  join(ROOT, "internal/tools/src/runs/repeat.ts"),
  project,
  times,
  ...options,
];
const mountAndRun = `mount -t proc proc '${system}/proc' && exec "$@"`;
for (const target of IN_FOLDER) {
  console.log(`${target.name}:`);
  const env = { [`ANYBROKER_TEST_${target.project.toUpperCase()}_ROOT`]: system, ...target.env };
  run(["unshare", "--mount", "sh", "-c", mountAndRun, "sh", ...repeat(target)], env);
}
for (const target of OTHERS) {
  console.log(`${target.name}:`);
  run(repeat(target), target.env);
}
