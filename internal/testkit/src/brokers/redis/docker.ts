import { readFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename } from "node:path";
import { freePorts } from "../../free-ports.ts";
import { makeCertificates } from "../certificates.ts";
import { guarded } from "../guarded.ts";
import { runInDocker } from "../in-docker.ts";
import { serverArguments, tlsArguments } from "./config.ts";
import { controls } from "./controls.ts";
import type { Redis, RedisOptions } from "./server.ts";
import { versionAt } from "./version.ts";

/** The image of docker-compose.yml. */
const image = "redis:8";
const inside = (path: string) => `/tls/${basename(path)}`;

/** Starts the server of the official image, in Docker. */
export async function inDocker(options: RedisOptions): Promise<Redis> {
  if (options.cluster === true || options.sentinel === true)
    throw new Error("Several servers are started on this machine only, not in Docker.");
  const { RedisContainer } = await import("@testcontainers/redis");
  const [port = 0, tlsPort = 0] = await freePorts(2);
  const guard = await guarded(tmpdir(), "redis");
  const made = options.tls === true ? await makeCertificates(guard.folder) : undefined;
  const tls = made && tlsArguments(6380, { ca: inside(made.ca), cert: inside(made.cert), key: inside(made.key) });
  const files = made === undefined ? [] : [made.ca, made.cert, made.key];
  const contents = files.map(async (path) => ({
    target: inside(path),
    content: await readFile(path, "utf8"),
    mode: 0o644,
  }));
  const url = `redis://127.0.0.1:${port}`;
  const container = new RedisContainer(image)
    .withExposedPorts({ container: 6379, host: port }, { container: 6380, host: tlsPort })
    .withCopyContentToContainer(await Promise.all(contents))
    .withCommand(["redis-server", ...serverArguments("*", 6379, options), "--protected-mode", "no", ...(tls ?? [])]);
  const { container: _, ...server } = await runInDocker({
    label: "Redis",
    container,
    guard,
    probe: () => versionAt(url),
  });
  return {
    url,
    how: `started in Docker, from ${image}`,
    ...(made && {
      tls: {
        url: `rediss://127.0.0.1:${tlsPort}`,
        ca: made.ca,
        clientCert: made.clientCert,
        clientKey: made.clientKey,
      },
    }),
    ...server,
    ...controls(url),
  };
}
