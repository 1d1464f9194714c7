import type { BrokerModule, TestBroker } from "./broker.ts";
import { brokerModule } from "./broker-module.ts";
import { answers } from "./kafka/answers.ts";
import { inDocker } from "./kafka/docker.ts";
import { onMachine } from "./kafka/machine.ts";

export interface KafkaOptions {
  /** Lines for `server.properties`. */
  readonly config?: readonly string[];
  /**
   * Adds a TLS listener, and one with TLS on which users are known by PLAIN, SCRAM and OAUTHBEARER; whoever comes to the
   * plain one may do everything, as may `ada`, and others what an ACL allows.
   */
  readonly secure?: boolean;
}

export interface Kafka extends TestBroker {
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
  // Brings a Java runtime; Kafka itself comes from Maven's repository.
  aptPackage: "maven",
  folders: ["/usr/bin", "/opt/homebrew/bin", "/usr/local/bin"],
  program: "mvn",
  atUrl,
  inDocker,
  onMachine,
});
