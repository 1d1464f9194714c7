import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { readFile, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { freePorts } from "../../free-ports.ts";
import type { Place } from "../broker.ts";
import { makeCertificates } from "../certificates.ts";
import { guarded } from "../guarded.ts";
import { launch } from "../on-machine.ts";
import { pairs, properties, type Secure } from "./config.ts";
import { type Jars, jars } from "./jars.ts";
import { probe } from "./probe.ts";
import { type Kafka, type KafkaOptions, USERS } from "./server.ts";

// A small heap and only the quick compiler: a server runs for a minute or two.
const JAVA = ["-Xms256m", "-Xmx768m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"];

/** A folder in memory. A new topic costs several disk writes for each partition, and tests create thousands of topics. */
const MEMORY = "/dev/shm";

/** Starts Kafka from its jars: one server, or a cluster of several. */
export async function onMachine(place: Place, options: KafkaOptions): Promise<Kafka> {
  const found = await jars();
  const count = options.nodes ?? 1;
  const controllers = await freePorts(count);
  await using failed = new AsyncDisposableStack();
  const starting = controllers.map(async (_, index) =>
    failed.use(await startNode(place, found, index + 1, controllers, options)),
  );
  await Promise.allSettled(starting);
  const nodes = await Promise.all(starting);
  failed.move();
  const [first] = nodes;
  if (first === undefined || count === 1) return first ?? Promise.reject(new Error("no server was asked for"));
  const each = (what: "kill" | "pause" | "resume" | "restart" | "stop") => async (): Promise<void> => {
    await Promise.all(nodes.map((node) => node[what]()));
  };
  return {
    ...first,
    url: `kafka://${nodes.map(({ url }) => new URL(url.replace(/^kafka:/, "http:")).host).join()}`,
    ...{ nodes, kill: each("kill"), pause: each("pause"), resume: each("resume"), restart: each("restart") },
    ...{ stop: each("stop"), [Symbol.asyncDispose]: each("stop") },
  };
}

/** Starts one server, under a guard, with ports and a folder of its own. */
async function startNode(
  place: Place,
  { version, folder: programs }: Jars,
  node: number,
  controllers: readonly number[],
  options: KafkaOptions,
): Promise<Kafka> {
  const [port = 0, tls = 0, sasl = 0, ...others] = await freePorts(3 + 2 * (options.proxied ?? 0));
  const guard = await guarded(existsSync(MEMORY) ? MEMORY : tmpdir(), "kafka");
  const config = join(guard.folder, "server.properties");
  const own = (at: number): string => `127.0.0.1:${at}`;
  const made = options.secure === true ? await secured(guard.folder, own(tls), own(sasl)) : undefined;
  const proxied = pairs(others);
  const listeners = {
    ...(made === undefined ? {} : { secure: made.secure }),
    client: own(port),
    advertised: own(port),
    controller: own(controllers[node - 1] ?? 0),
    quorum: controllers.map(own),
    node,
    proxied: proxied.map((one) => ({ client: own(one.port), advertised: own(one.advertised) })),
    folder: join(guard.folder, "data"),
  };
  const log = join(guard.folder, "log4j2.properties");
  await writeFile(config, properties(listeners, options));
  await writeFile(
    log,
    "rootLogger.level=warn\nrootLogger.appenderRef.a.ref=a\nappender.a.type=Console\nappender.a.name=a\n",
  );
  const java = join(place.programs, "java");
  const flags = [...JAVA, `-Dlog4j2.configurationFile=${log}`, "-cp", join(programs, "*")];
  const id = Buffer.from("anybroker-tests!").toString("base64url");
  const scram = made === undefined ? [] : ["SCRAM-SHA-256", "SCRAM-SHA-512"].flatMap(withUsers);
  const storage = ["kafka.tools.StorageTool", "format", "-t", id, "-c", config, ...scram];
  await using failed = new AsyncDisposableStack();
  failed.defer(guard.end);
  await promisify(execFile)(java, [...flags, ...storage], { cwd: guard.folder });
  failed.move();

  const url = `kafka://127.0.0.1:${port}`;
  const server = await launch(guard, {
    label: "Kafka",
    line: [java, [...flags, "kafka.Kafka", config]],
    env: { PATH: process.env.PATH, HOME: guard.folder },
    port,
    probe: () => probe(url).then(() => version),
  });
  const how = `started on this machine, from ${programs}`;
  return { url, how, ...server, proxied, nodes: [], ...(made && { secure: made.urls }) };
}

function withUsers(mechanism: string): readonly string[] {
  const users = Object.entries(USERS);
  return users.flatMap(([name, password]) => ["--add-scram", `${mechanism}=[name="${name}",password="${password}"]`]);
}

/** Prepares the secured listeners, and returns their configuration and their URLs. */
async function secured(
  folder: string,
  tls: string,
  sasl: string,
): Promise<{ readonly secure: Secure; readonly urls: NonNullable<Kafka["secure"]> }> {
  const certificates = await makeCertificates(folder);
  const identity = join(folder, "identity.pem");
  const parts = [certificates.key, certificates.cert, certificates.ca].map((path) => readFile(path, "utf8"));
  await writeFile(identity, (await Promise.all(parts)).join(""));
  const { ca, clientCert, clientKey } = certificates;
  return {
    secure: { tls, sasl, certificates, identity, users: USERS },
    urls: { tls: `kafka+ssl://${tls}`, sasl: `kafka+ssl://${sasl}`, ca, clientCert, clientKey },
  };
}
