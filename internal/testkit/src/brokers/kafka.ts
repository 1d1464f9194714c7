import { delimiter } from "node:path";
import type { BrokerModule } from "./broker.ts";
import { brokerModule } from "./broker-module.ts";
import { inDocker } from "./kafka/docker.ts";
import { areCached } from "./kafka/jars.ts";
import { onMachine } from "./kafka/machine.ts";
import { probe } from "./kafka/probe.ts";
import type { Kafka, KafkaOptions } from "./kafka/server.ts";

export type { Kafka, KafkaOptions } from "./kafka/server.ts";
export { USERS } from "./kafka/server.ts";

function atUrl(url: string): Promise<Kafka> {
  const refuse = () => Promise.reject(new Error("The server was given by URL: it is used as it is."));
  const stop = () => Promise.resolve();
  return probe(url).then(() => ({
    url,
    version: "of unknown version",
    how: "given by ANYBROKER_TEST_KAFKA",
    ours: false,
    proxied: [],
    nodes: [],
    kill: refuse,
    pause: refuse,
    resume: refuse,
    restart: refuse,
    stop,
    [Symbol.asyncDispose]: stop,
  }));
}

export const kafka: BrokerModule<Kafka, KafkaOptions> = brokerModule({
  name: "kafka",
  label: "Kafka",
  program: { name: "java", aptPackage: "default-jre-headless", folders: (process.env.PATH ?? "").split(delimiter) },
  // Kafka itself comes from Maven's repository.
  further: () => (areCached() ? [] : [{ name: "mvn", aptPackage: "maven" }]),
  atUrl,
  inDocker,
  onMachine,
});
