import { mkdir } from "node:fs/promises";
import { basename, join } from "node:path";
import { freePorts } from "../../free-ports.ts";
import type { Place } from "../broker.ts";
import { makeCertificates } from "../certificates.ts";
import type { Guarded } from "../guarded.ts";
import { guardedIn, inRoot, launch } from "../on-machine.ts";
import { joined, nodes } from "./cluster.ts";
import { program, serverArguments, tlsArguments } from "./config.ts";
import { controls } from "./controls.ts";
import { replicaOf, watched, writeSentinel } from "./sentinel.ts";
import type { Redis, RedisOptions } from "./server.ts";
import { versionAt } from "./version.ts";

interface Tls {
  readonly args: readonly string[];
  readonly tls?: NonNullable<Redis["tls"]>;
}

async function prepareTls(guard: Guarded, home: string, port: number, options: RedisOptions): Promise<Tls> {
  if (options.tls !== true) return { args: [] };
  const { ca, cert, key, clientCert, clientKey } = await makeCertificates(guard.folder);
  const inside = (path: string) => join(home, basename(path));
  return {
    args: tlsArguments(port, { ca: inside(ca), cert: inside(cert), key: inside(key) }),
    tls: { url: `rediss://127.0.0.1:${port}`, ca, clientCert, clientKey },
  };
}

/** Starts the server of a package, under a guard, with ports and a folder of its own. */
export async function onMachine(place: Place, options: RedisOptions): Promise<Redis> {
  const { root, programs } = place;
  const { cluster = false, sentinel = false } = options;
  const [port = 0, tlsPort = 0, ...more] = await freePorts(cluster ? 7 : sentinel ? 5 : 2);
  // The default is the port plus 10,000, which another program may have.
  const buses = cluster ? more.splice(2) : [];
  const guard = await guardedIn(place, "redis");
  const home = guard.folder.slice(root.length);
  const { args, tls } = await prepareTls(guard, home, tlsPort, options);
  const ports = sentinel ? more : [port, ...more];
  const [first = 0] = ports;
  for (const one of ports) await mkdir(join(guard.folder, String(one)));
  const lines = ports.map((one, index) => {
    const own = [...serverArguments("127.0.0.1", one, options), ...nodes(options, buses[index] ?? 0)];
    const all = [...own, ...args, ...(sentinel ? replicaOf(first, one) : []), "--dir", `${home}/${one}`];
    return `${programs}/${program} ${all.map((arg) => `'${arg}'`).join(" ")}`;
  });
  if (sentinel) {
    await writeSentinel(join(guard.folder, "sentinel.conf"), port, first);
    lines.unshift(`${programs}/${program} ${home}/sentinel.conf --sentinel`);
  }
  const [leader, ...others] = lines;
  const url = `redis://${(sentinel ? [port] : ports).map((one) => `127.0.0.1:${one}`).join(",")}`;
  const server = await launch(guard, {
    label: "Redis",
    // One shell for all servers makes them one process group.
    line: inRoot(place, "/bin/sh", ["-c", `${others.map((line) => `${line} & `).join("")}exec ${leader}`]),
    env: { PATH: process.env.PATH },
    port,
    probe: () => (cluster ? joined(ports, buses[0] ?? 0) : sentinel ? watched(port, first) : versionAt(url)),
  });
  return {
    url: cluster ? `${url}?mode=cluster` : sentinel ? `${url}?mode=sentinel` : url,
    how: `started on this machine, from ${join("/", root, programs)}`,
    ...(tls && { tls }),
    ...server,
    ...controls(url),
  };
}
