import { readFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename } from "node:path";
import { freePorts } from "../../free-ports.ts";
import { type Certificates, makeCertificates } from "../certificates.ts";
import { guarded } from "../guarded.ts";
import { runInDocker } from "../in-docker.ts";
import { advancedConfigFile, configFile, tlsConfig, tlsPlugins } from "./config.ts";
import { controls } from "./ctl.ts";
import type { Rabbitmq, RabbitmqOptions } from "./server.ts";
import { versionAt } from "./version.ts";

/** The image of docker-compose.yml. */
const image = "rabbitmq:4.3";
const inside = (path: string) => `/etc/rabbitmq/certificates/${basename(path)}`;

async function copied({ ca, cert, key }: Certificates) {
  const certificates = [ca, cert, key].map(async (path) => ({
    target: inside(path),
    content: await readFile(path, "utf8"),
    mode: 0o644,
  }));
  return [{ target: "/etc/rabbitmq/enabled_plugins", content: tlsPlugins }, ...(await Promise.all(certificates))];
}

/** Starts the server of the official image, in Docker. */
export async function inDocker(options: RabbitmqOptions): Promise<Rabbitmq> {
  const { RabbitMQContainer } = await import("@testcontainers/rabbitmq");
  const [amqp = 0, tls = 0] = await freePorts(2);
  const guard = await guarded(tmpdir(), "rabbitmq");
  const made = options.tls === true ? await makeCertificates(guard.folder) : undefined;
  const listener = made && tlsConfig("5671", { ca: inside(made.ca), cert: inside(made.cert), key: inside(made.key) });
  const config = configFile(listener ?? [], options);
  const url = `amqp://guest:guest@127.0.0.1:${amqp}`;

  const container = new RabbitMQContainer(image)
    .withExposedPorts({ container: 5672, host: amqp }, { container: 5671, host: tls })
    .withCopyContentToContainer([
      { target: "/etc/rabbitmq/conf.d/20-anybroker.conf", content: config },
      { target: "/etc/rabbitmq/advanced.config", content: advancedConfigFile(options) },
      ...(made ? await copied(made) : []),
    ]);
  const { container: started, ...server } = await runInDocker({
    label: "RabbitMQ",
    container,
    guard,
    probe: () => versionAt(url),
  });
  const ctl = async (...args: readonly string[]) => {
    const { exitCode, output } = await started.exec(["rabbitmqctl", "-q", ...args]);
    if (exitCode !== 0) throw new Error(`rabbitmqctl ${args[0]} failed: ${output}`);
    return output;
  };
  return {
    url,
    how: `started in Docker, from ${image}`,
    ...(made && {
      tls: {
        url: `amqps://guest:guest@127.0.0.1:${tls}`,
        ca: made.ca,
        clientCert: made.clientCert,
        clientKey: made.clientKey,
      },
    }),
    ...server,
    ...controls(url, ctl),
  };
}
