import { delimiter } from "node:path";
import type { BrokerModule, TestBroker } from "./broker.ts";
import { brokerModule } from "./broker-module.ts";
import { answers } from "./kafka/answers.ts";
import { inDocker } from "./kafka/docker.ts";
import { areCached } from "./kafka/jars.ts";
import { onMachine } from "./kafka/machine.ts";

export interface KafkaOptions {
  /** Lines for `server.properties`. */
  readonly config?: readonly string[];
  /**
   * Adds a TLS listener, and one with TLS on which users are known by PLAIN, SCRAM and OAUTHBEARER; whoever comes to the
   * plain one may do everything, as may `ada`, and others what an ACL allows.
   */
  readonly secure?: boolean;
  /** So many listeners more, of which clients are told another port: there a proxy is to listen. */
  readonly proxied?: number;
  /** So many servers that have three replicas of everything, on this machine only; the URL names all of them. */
  readonly nodes?: number;
}

export interface Kafka extends TestBroker {
  /** The ports of the further listeners, and those that clients are told. */
  readonly proxied: readonly { readonly port: number; readonly told: number }[];
  /** Each of several servers by itself, by its number in Kafka from 1 on. */
  readonly nodes: readonly TestBroker[];
  /** The secured listeners, if asked for: their URLs without users, and paths of PEM files. */
  readonly secure?: {
    readonly tls: string;
    readonly sasl: string;
    readonly ca: string;
    readonly clientCert: string;
    readonly clientKey: string;
  };
}

/** The users of a secured server, and their passwords. */
export const USERS = { ada: "p:/?#[]@ %41", bob: "bob-secret" } as const;

function atUrl(url: string): Promise<Kafka> {
  const refuse = () => Promise.reject(new Error("The server was given by URL: it is used as it is."));
  const stop = () => Promise.resolve();
  return answers(url).then(() => ({
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
