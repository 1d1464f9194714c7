import type { BrokerModule } from "./broker.ts";
import { brokerModule } from "./broker-module.ts";
import { inDocker } from "./rabbitmq/docker.ts";
import { onMachine } from "./rabbitmq/machine.ts";
import type { Rabbitmq, RabbitmqOptions } from "./rabbitmq/server.ts";
import { versionAt } from "./rabbitmq/version.ts";

export type { Rabbitmq, RabbitmqOptions, RabbitmqUser } from "./rabbitmq/server.ts";

function atUrl(url: string): Promise<Rabbitmq> {
  const refuse = () => Promise.reject(new Error("The server was given by URL: it is used as it is."));
  const stop = () => Promise.resolve();
  return versionAt(url).then((version) => ({
    url,
    version,
    how: "given by ANYBROKER_TEST_RABBITMQ",
    ours: false,
    kill: refuse,
    pause: refuse,
    resume: refuse,
    restart: refuse,
    ctl: refuse,
    alarm: refuse,
    persist: refuse,
    createUser: refuse,
    stop,
    [Symbol.asyncDispose]: stop,
  }));
}

export const rabbitmq: BrokerModule<Rabbitmq, RabbitmqOptions> = brokerModule({
  name: "rabbitmq",
  label: "RabbitMQ",
  program: {
    name: "rabbitmq-server",
    aptPackage: "rabbitmq-server",
    folders: ["/usr/lib/rabbitmq/bin", "/opt/homebrew/opt/rabbitmq/sbin", "/usr/local/opt/rabbitmq/sbin"],
  },
  atUrl,
  inDocker,
  onMachine,
});
