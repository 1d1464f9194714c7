import type { BrokerModule } from "./broker.ts";
import { brokerModule } from "./broker-module.ts";
import { program } from "./redis/config.ts";
import { controls } from "./redis/controls.ts";
import { inDocker } from "./redis/docker.ts";
import { onMachine } from "./redis/machine.ts";
import type { Redis, RedisOptions } from "./redis/server.ts";
import { versionAt } from "./redis/version.ts";

export type { Redis, RedisOptions, RedisUser } from "./redis/server.ts";

function atUrl(url: string): Promise<Redis> {
  const refuse = () => Promise.reject(new Error("The server was given by URL: it is used as it is."));
  const stop = () => Promise.resolve();
  return versionAt(url).then((version) => ({
    url,
    version,
    how: "given by ANYBROKER_TEST_REDIS",
    ours: false,
    kill: refuse,
    pause: refuse,
    resume: refuse,
    restart: refuse,
    ...controls(url),
    stop,
    [Symbol.asyncDispose]: stop,
  }));
}

export const redis: BrokerModule<Redis, RedisOptions> = brokerModule({
  name: "redis",
  label: "Redis",
  program: {
    name: program,
    aptPackage: "redis-server",
    folders: ["/usr/bin", "/opt/homebrew/opt/redis/bin", "/usr/local/bin"],
  },
  atUrl,
  inDocker,
  onMachine,
});
