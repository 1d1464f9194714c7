import { tmpdir } from "node:os";
import { freePorts } from "../../free-ports.ts";
import { guarded } from "../guarded.ts";
import { runInDocker } from "../in-docker.ts";
import { pairs, properties } from "./config.ts";
import { probe } from "./probe.ts";
import type { Kafka, KafkaOptions } from "./server.ts";

/** The image of docker-compose.yml, unless another version is asked for. */
const image = `apache/kafka:${process.env.ANYBROKER_TEST_KAFKA_VERSION || "4.3.1"}`;

/** Starts the server of the official image, in Docker. */
export async function inDocker(options: KafkaOptions): Promise<Kafka> {
  const { GenericContainer } = await import("testcontainers");
  if (options.nodes !== undefined) throw new Error("several servers are started on this machine only");
  const [port = 0, ...others] = await freePorts(1 + 2 * (options.proxied ?? 0));
  const proxied = pairs(others);
  const guard = await guarded(tmpdir(), "kafka");
  const listeners = {
    client: "0.0.0.0:9092",
    controller: "127.0.0.1:9093",
    quorum: ["127.0.0.1:9093"],
    node: 1,
    advertised: `127.0.0.1:${port}`,
    proxied: proxied.map((one) => ({ client: `0.0.0.0:${one.port}`, advertised: `127.0.0.1:${one.advertised}` })),
    folder: "/tmp/kafka",
  };
  const url = `kafka://127.0.0.1:${port}`;
  const container = new GenericContainer(image)
    .withExposedPorts(
      { container: 9092, host: port },
      ...proxied.map((one) => ({ container: one.port, host: one.port })),
    )
    .withCopyContentToContainer([
      { target: "/mnt/shared/config/server.properties", content: properties(listeners, options) },
    ]);
  const { container: _, ...server } = await runInDocker({
    label: "Kafka",
    container,
    guard,
    probe: () => probe(url).then(() => image.split(":")[1] ?? ""),
  });
  return { url, proxied, nodes: [], how: `started in Docker, from ${image}`, ...server };
}
