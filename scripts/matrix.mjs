// npm run test:matrix [-- TIMES]: runs the suites against newer servers, from a Debian testing in a folder, against an
// older Kafka, and with the second client of Kafka.
// Needs Debian or Ubuntu, and root. The folder is made once, in the user's cache.
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir, rename, rm, writeFile } from "node:fs/promises";
import { homedir, hostname } from "node:os";
import { join } from "node:path";

const suite = "forky";
/** The newest Redis, which only Debian's experimental has: its program, beside that of the package. */
const newest = "redis-server-experimental";
/** What is run: a project, the package and the program of its server, and what the tests are told besides. */
const servers = [
  { project: "rabbitmq", name: "rabbitmq-server", env: {} },
  { project: "redis", name: "redis-server", env: {} },
  { project: "redis", name: "valkey-server", env: { ANYBROKER_TEST_REDIS_PROGRAM: "valkey-server" } },
  { project: "redis", name: newest, env: { ANYBROKER_TEST_REDIS_PROGRAM: newest } },
];
/** The same without the folder. */
const others = [
  { project: "kafka", name: "Kafka 3.9", env: { ANYBROKER_TEST_KAFKA_VERSION: "3.9.1" } },
  { project: "kafka", name: "Kafka with @platformatic/kafka", env: { ANYBROKER_TEST_KAFKA_CLIENT: "platformatic" } },
];
const cache = join(process.env.XDG_CACHE_HOME || join(homedir(), ".cache"), "anybroker");
const root = join(cache, `debian-${suite}`);

function run(command, ...args) {
  runWith({}, command, ...args);
}

function runWith(env, command, ...args) {
  const { status, error } = spawnSync(command, args, { stdio: "inherit", env: { ...process.env, ...env } });
  if (error) throw error;
  if (status !== 0) throw new Error(`${command} ${args.join(" ")} ended with ${status}`);
}

/** Runs a command with the folder as its root and a /proc that is gone with the command. */
function inRoot(folder, script) {
  const mount = `mount -t proc proc '${folder}/proc' && exec chroot '${folder}' /bin/sh -c "$1"`;
  run("unshare", "--mount", "sh", "-c", mount, "sh", script);
}

async function make(folder) {
  if (!existsSync("/usr/sbin/debootstrap")) {
    run("apt-get", "-qq", "update");
    run("apt-get", "-qq", "-y", "--no-install-recommends", "install", "debootstrap");
  }
  // An older debootstrap does not know the name of the suite yet; all suites are made by the script of sid.
  const script = "/usr/share/debootstrap/scripts/sid";
  run("debootstrap", "--variant=minbase", suite, folder, mirror(), script);
  await writeFile(join(folder, "usr/sbin/policy-rc.d"), "#!/bin/sh\nexit 101\n", { mode: 0o755 });
  // RabbitMQ does not start where it cannot resolve the name of its host.
  await writeFile(join(folder, "etc/hosts"), `127.0.0.1 localhost ${hostname()}\n`);
}

/** Installs what is not there yet. */
function install(folder) {
  const isThere = (name) => existsSync(join(folder, "usr/share/doc", name));
  const missing = servers.map(({ name }) => name).filter((name) => name !== newest && !isThere(name));
  if (missing.length === 0) return;
  // Lists of a mirror that lags behind are good enough.
  const apt = "DEBIAN_FRONTEND=noninteractive apt-get -qq -o Acquire::Check-Valid-Until=false";
  inRoot(folder, `${apt} update && ${apt} -y --no-install-recommends install ${missing.join(" ")} >/dev/null`);
}

/** Installs the newest Redis, unless it is there. */
function installNewest(folder) {
  if (existsSync(join(folder, "usr/bin", newest))) return;
  const apt = "apt-get -qq -o Acquire::Check-Valid-Until=false";
  const list = "/etc/apt/sources.list.d/experimental.list";
  // Of all programs of Redis there is one file, which goes by the name it is called by.
  const take = `dpkg -x redis-tools_*.deb . && cp -L usr/bin/redis-check-rdb /usr/bin/${newest}`;
  const steps = [
    `echo 'deb ${mirror()} experimental main' > ${list} && ${apt} update`,
    `cd "$(mktemp -d)" && ${apt} -o APT::Sandbox::User=root download redis-tools/experimental && ${take}`,
  ];
  inRoot(folder, steps.join(" && "));
}

/** Where this system gets its packages from. */
function mirror() {
  const { stdout } = spawnSync("apt-get", ["indextargets", "--format", "$(SITE)"], { encoding: "utf8" });
  const site = stdout.split("\n").find((one) => /\/debian\/?$/.test(one));
  if (site === undefined) throw new Error("apt knows no Debian mirror: test:matrix needs one");
  return site;
}

if (process.getuid?.() !== 0 || !existsSync("/usr/bin/apt-get")) {
  console.error("test:matrix needs Debian or Ubuntu, and root: it makes a Debian testing in a folder.");
  process.exit(2);
}
if (!existsSync(root)) {
  console.log(`Making a Debian ${suite} in ${root}, once.`);
  const folder = `${root}.new`;
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  await make(folder);
  await rename(folder, root);
}
install(root);
installNewest(root);
const repeat = `mount -t proc proc '${root}/proc' && exec "$@"`;
const times = process.argv[2] ?? "1";
const suites = (project) => [process.execPath, "scripts/repeat.mjs", project, times, ...process.argv.slice(3)];
for (const { project, name, env } of servers) {
  console.log(`${name}:`);
  const given = { [`ANYBROKER_TEST_${project.toUpperCase()}_ROOT`]: root, ...env };
  runWith(given, "unshare", "--mount", "sh", "-c", repeat, "sh", ...suites(project));
}
for (const { project, name, env } of others) {
  console.log(`${name}:`);
  runWith(env, ...suites(project));
}
