import type { BrokerModule, TestBroker } from "./broker.ts";
import { brokerModule } from "./broker-module.ts";
import { inDocker } from "./rabbitmq/docker.ts";
import { onMachine } from "./rabbitmq/machine.ts";
import { versionAt } from "./rabbitmq/version.ts";

export interface RabbitmqOptions {
  /** Adds a TLS listener with a certificate of a private authority. */
  readonly tls?: boolean;
  /** Lines for `rabbitmq.conf`. */
  readonly config?: readonly string[];
}

export interface RabbitmqUser {
  readonly name: string;
  readonly password: string;
  /** Regular expressions of names. @default no rights */
  readonly permissions?: { readonly configure?: string; readonly write?: string; readonly read?: string };
}

export interface Rabbitmq extends TestBroker {
  /** The TLS listener, if it was asked for: its URL, and paths of PEM files. */
  readonly tls?: {
    readonly url: string;
    readonly ca: string;
    readonly clientCert: string;
    readonly clientKey: string;
  };
  /** Runs `rabbitmqctl` against the server and returns what it prints. */
  ctl(...args: readonly string[]): Promise<string>;
  /** Raises or lifts the memory alarm, at which the server stops reading from publishers. */
  alarm(on: boolean): Promise<void>;
  /**
   * Resolves when the queues declared so far survive `kill()`. RabbitMQ 3.10 writes the term of a new quorum queue up to a
   * second late. If it is killed before that, the queue never has a leader again, and calls about it get no reply.
   */
  persist(): Promise<void>;
  /** Creates a user and returns the URL to connect as this user. */
  createUser(user: RabbitmqUser): Promise<string>;
}

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
