import { execFile } from "node:child_process";
import { mkdir, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { promisify } from "node:util";
import { freePorts } from "../../free-ports.ts";
import type { Place } from "../broker.ts";
import { makeCertificates } from "../certificates.ts";
import type { Guarded } from "../guarded.ts";
import { guardedIn, inRoot, launch } from "../on-machine.ts";
import { advancedConfigFile, configFile, tlsConfig, tlsPlugins } from "./config.ts";
import { controls } from "./ctl.ts";
import type { Rabbitmq, RabbitmqOptions } from "./server.ts";
import { versionAt } from "./version.ts";

const run = promisify(execFile);

interface Ports {
  readonly amqp: number;
  readonly tls: number;
  readonly distribution: number;
  readonly epmd: number;
}

// `home` is the server's folder as the server sees it.
function environment(home: string, ports: Ports): Record<string, string | undefined> {
  return {
    PATH: process.env.PATH,
    HOME: home,
    RABBITMQ_NODENAME: `${basename(home)}@localhost`,
    RABBITMQ_NODE_IP_ADDRESS: "127.0.0.1",
    RABBITMQ_NODE_PORT: String(ports.amqp),
    RABBITMQ_DIST_PORT: String(ports.distribution),
    RABBITMQ_CONF_ENV_FILE: "/dev/null",
    RABBITMQ_CONFIG_FILE: `${home}/rabbitmq.conf`,
    RABBITMQ_ADVANCED_CONFIG_FILE: `${home}/advanced.config`,
    RABBITMQ_MNESIA_BASE: `${home}/data`,
    RABBITMQ_LOG_BASE: `${home}/log`,
    RABBITMQ_ENABLED_PLUGINS_FILE: `${home}/enabled_plugins`,
    RABBITMQ_PID_FILE: `${home}/pid`,
    RABBITMQ_LOGS: "-",
    ERL_EPMD_PORT: String(ports.epmd),
    ERL_EPMD_ADDRESS: "127.0.0.1",
  };
}

async function prepare(guard: Guarded, home: string, ports: Ports, options: RabbitmqOptions): Promise<Rabbitmq["tls"]> {
  const listeners = [`listeners.tcp.default = 127.0.0.1:${ports.amqp}`];
  await mkdir(join(guard.folder, "log"));
  await writeFile(join(guard.folder, "enabled_plugins"), options.tls === true ? tlsPlugins : "[].\n");
  await writeFile(join(guard.folder, "advanced.config"), advancedConfigFile(options));
  if (options.tls !== true) {
    await writeFile(join(guard.folder, "rabbitmq.conf"), configFile(listeners, options));
    return undefined;
  }
  const { ca, cert, key, clientCert, clientKey } = await makeCertificates(guard.folder);
  const inside = (path: string) => join(home, basename(path));
  const files = { ca: inside(ca), cert: inside(cert), key: inside(key) };
  listeners.push(...tlsConfig(`127.0.0.1:${ports.tls}`, files));
  await writeFile(join(guard.folder, "rabbitmq.conf"), configFile(listeners, options));
  return { url: `amqps://guest:guest@127.0.0.1:${ports.tls}`, ca, clientCert, clientKey };
}

/** Starts the server of a package, under a guard, with a name, a port mapper (epmd), ports and a folder of its own. */
export async function onMachine(place: Place, options: RabbitmqOptions): Promise<Rabbitmq> {
  const { root, programs } = place;
  const [amqp = 0, tls = 0, distribution = 0, epmd = 0] = await freePorts(4);
  const ports: Ports = { amqp, tls, distribution, epmd };
  const guard = await guardedIn(place, "rabbitmq");
  const home = guard.folder.slice(root.length);
  const env = environment(home, ports);
  const listener = await prepare(guard, home, ports, options);
  const url = `amqp://guest:guest@127.0.0.1:${amqp}`;

  // A port mapper that the server starts itself would leave the process group.
  const script = `epmd -port ${epmd} -address 127.0.0.1 & exec ${programs}/rabbitmq-server`;
  const server = await launch(guard, {
    label: "RabbitMQ",
    line: inRoot(place, "/bin/sh", ["-c", script]),
    env,
    port: amqp,
    probe: () => versionAt(url),
  });
  const ctl = async (...args: readonly string[]) => {
    const node = ["-q", "-n", String(env.RABBITMQ_NODENAME)];
    const [command, all] = inRoot(place, `${programs}/rabbitmqctl`, [...node, ...args]);
    return (await run(command, all, { env })).stdout;
  };
  return {
    url,
    how: `started on this machine, from ${join("/", root, programs)}`,
    ...(listener && { tls: listener }),
    ...server,
    ...controls(url, ctl),
  };
}
