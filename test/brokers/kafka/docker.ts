import { tmpdir } from "node:os";
import { freePorts } from "../free-ports.ts";
import { guarded } from "../guarded.ts";
import { runInDocker } from "../in-docker.ts";
import type { Kafka, KafkaOptions } from "../kafka.ts";
import { answers } from "./answers.ts";
import { properties } from "./config.ts";

/** The image of docker-compose.yml. */
const image = "apache/kafka:4.3.1";

/** Starts the server of the official image, in Docker. */
export async function inDocker(options: KafkaOptions): Promise<Kafka> {
  const { GenericContainer } = await import("testcontainers");
  const [port = 0] = await freePorts(1);
  const guard = await guarded(tmpdir(), "kafka");
  const listeners = {
    client: "0.0.0.0:9092",
    controller: "127.0.0.1:9093",
    quorum: "127.0.0.1:9093",
    advertised: `127.0.0.1:${port}`,
    folder: "/tmp/kafka",
  };
  const url = `kafka://127.0.0.1:${port}`;
  const container = new GenericContainer(image)
    .withExposedPorts({ container: 9092, host: port })
    .withCopyContentToContainer([
      { target: "/mnt/shared/config/server.properties", content: properties(listeners, options) },
    ]);
  const { container: _, ...server } = await runInDocker({
    label: "Kafka",
    container,
    guard,
    answers: () => answers(url).then(() => image.split(":")[1] ?? ""),
  });
  return { url, how: `started in Docker, from ${image}`, ...server };
}
