import type { Connect } from "@anybroker/core";
import { connect as connectKafka } from "@anybroker/kafka";
import { connect as connectRabbitmq } from "@anybroker/rabbitmq";
import { connect as connectRedis } from "@anybroker/redis";
import { connect as connectServicebus } from "@anybroker/servicebus";
import type { BrokerModule, TestBroker } from "@anybroker-internal/testkit/brokers/broker";
import { kafka } from "@anybroker-internal/testkit/brokers/kafka";
import { rabbitmq } from "@anybroker-internal/testkit/brokers/rabbitmq";
import { redis } from "@anybroker-internal/testkit/brokers/redis";
import { servicebus } from "@anybroker-internal/testkit/brokers/servicebus";
import { startProxy, type TcpProxy } from "@anybroker-internal/testkit/proxy";

/** A server with a proxy for each process. */
export interface SoakServer {
  readonly server: TestBroker;
  readonly proxies: readonly TcpProxy[];
  /** Resolves when everything that was declared so far survives `kill()`. */
  persist(): Promise<void>;
}

/** The facts about a backend that the soak needs. */
export interface SoakSubject {
  readonly module: BrokerModule<TestBroker, never>;
  start(proxies: number): Promise<SoakServer>;
  readonly connect: Connect;
  /**
   * Options in the URL that make a client notice a silent server within seconds. Without any, no connection becomes
   * half-open.
   */
  readonly impatient: string | undefined;
  /** Whether the server is killed and stopped too. */
  readonly harmsServer: boolean;
  /** Whether failures of a retry in place outlive the consumer. */
  readonly keepsProgress: boolean;
  /** Whether nothing can be noted for a moment while consumers come and go. */
  readonly rebalances: boolean;
  /** Whether a delayed message holds its key like any other one, once it is due. */
  readonly delayedKeepKeys: boolean;
  /** A known defect that the soak finds, not in each run. Its short form is skipped as long as that is so. */
  readonly defect?: string;
}

const nothing = (): Promise<void> => Promise.resolve();

function proxiesTo(server: TestBroker, count: number): Promise<readonly TcpProxy[]> {
  return Promise.all(Array.from({ length: count }, () => startProxy(Number(new URL(server.url).port))));
}

export const subjects = {
  rabbitmq: {
    module: rabbitmq,
    async start(proxies) {
      const server = await rabbitmq.start({});
      return { server, proxies: await proxiesTo(server, proxies), persist: () => server.persist() };
    },
    connect: connectRabbitmq,
    impatient: "?heartbeat=1000",
    harmsServer: true,
    keepsProgress: false,
    rebalances: false,
    delayedKeepKeys: true,
  },
  redis: {
    module: redis,
    async start(proxies) {
      const server = await redis.start({ config: ["--appendfsync", "always"] });
      return { server, proxies: await proxiesTo(server, proxies), persist: nothing };
    },
    connect: connectRedis,
    impatient: "?heartbeat=1000",
    harmsServer: true,
    keepsProgress: true,
    rebalances: false,
    delayedKeepKeys: true,
  },
  kafka: {
    module: kafka,
    async start(proxies) {
      const server = await kafka.start({ proxied: proxies });
      const started = server.proxied.map(({ port, advertised }) => startProxy(port, advertised));
      return { server, proxies: await Promise.all(started), persist: nothing };
    },
    connect: connectKafka,
    impatient: "?timeout=2000",
    harmsServer: true,
    keepsProgress: true,
    rebalances: true,
    // Delayed messages are read from topics of their own, whose partitions another consumer may have.
    delayedKeepKeys: false,
  },
  servicebus: {
    module: servicebus,
    async start(proxies) {
      const server = await servicebus.start({});
      return { server, proxies: await proxiesTo(server, proxies), persist: nothing };
    },
    connect: connectServicebus,
    // The SDK's idle time-out is a minute.
    impatient: undefined,
    // The emulator forgets everything when it is killed.
    harmsServer: false,
    keepsProgress: false,
    rebalances: false,
    delayedKeepKeys: true,
    defect: "timers of the SDK keep a process alive after its broker object has closed",
  },
} as const satisfies Readonly<Record<string, SoakSubject>>;

/** The backends that have a soak. */
export type SoakBackend = keyof typeof subjects;
