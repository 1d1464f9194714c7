import type * as core from "@anybroker/core/driver";
import { BrokerError, readOptions, TLS_KINDS } from "@anybroker/core/driver";

/** What `kafka` takes. */
export interface KafkaOptions {
  /**
   * `kafka://user:password@host:port,host2?mechanism=scram-sha-512`, or `kafka+ssl://…`. Any servers of the cluster:
   * they are tried in turn, and name the others.
   */
  readonly url: string;
  /** Instead of the URL's. Not a URL parameter. */
  readonly username?: string;
  /** Instead of the URL's. Not a URL parameter. */
  readonly password?: string;
  /** How the user is known to the server. @default "plain" with a user, "oauthbearer" with a token */
  readonly mechanism?: "plain" | "scram-sha-256" | "scram-sha-512" | "oauthbearer";
  /** Asked for a token at each connection, for OAUTHBEARER. Not a URL parameter. */
  readonly token?: () => string | Promise<string>;
  /**
   * The client library: `platformatic` is @platformatic/kafka, to be installed beside this package. It sends faster and
   * reads every compression; kafkajs reads faster. @default "kafkajs"
   */
  readonly client?: "kafkajs" | "platformatic";
  /** Milliseconds that a server may be silent. @default 10000 */
  readonly timeout?: number;
  /** How the client is called in the server's own views. @default "anybroker" */
  readonly clientId?: string;
  /** Partitions of the topics it creates for queues and topics. @default the server's `num.partitions` */
  readonly partitions?: number;
  /** Replicas of the topics it creates. @default the server's `default.replication.factor` */
  readonly replicas?: number;
  /** Milliseconds for which topics that it creates keep messages, handled or not. @default 604800000 (7 days) */
  readonly retention?: number;
  /** The certificates to trust instead of the system's, PEM. */
  readonly ca?: string | Buffer;
  /** The client's certificate, PEM. */
  readonly cert?: string | Buffer;
  /** The client's private key, PEM. Not a URL parameter. */
  readonly key?: string | Buffer;
  /** Of `key`. Not a URL parameter. */
  readonly passphrase?: string;
  /** The name that the server's certificate must have. @default the host's */
  readonly servername?: string;
  /** Names of existing topics for logical queues and topics, and of groups for subscriptions. */
  readonly naming?: core.NamingOptions;
}

/** How the server is to know us. */
export type Sasl =
  | {
      readonly mechanism: "plain" | "scram-sha-256" | "scram-sha-512";
      readonly username: string;
      readonly password: string;
    }
  | { readonly mechanism: "oauthbearer"; readonly token: () => string | Promise<string> };

/** The options, checked, with every default. */
export interface Settings {
  readonly address: core.Address;
  readonly hosts: readonly core.Host[];
  readonly tls: object | undefined;
  readonly sasl: Sasl | undefined;
  readonly client: "kafkajs" | "platformatic";
  readonly timeout: number;
  readonly clientId: string;
  readonly partitions: number;
  readonly replicas: number;
  readonly retention: number;
  readonly naming: core.NamingOptions;
}

const KINDS: core.OptionKinds<KafkaOptions> = {
  username: ["secret"],
  password: ["secret"],
  mechanism: ["=plain", "=scram-sha-256", "=scram-sha-512", "=oauthbearer"],
  token: ["function"],
  client: ["=kafkajs", "=platformatic"],
  timeout: ["milliseconds"],
  clientId: ["string"],
  partitions: ["count"],
  replicas: ["count"],
  retention: ["milliseconds"],
  ...TLS_KINDS,
  naming: ["object"],
};

/** Checks options; throws `INVALID_CONFIG` naming the option, and never a value that may be secret. */
export function settingsOf(given: KafkaOptions): Settings {
  const { address, ...options } = readOptions(given, ["kafka", "kafka+ssl"], KINDS);
  if ((address.path ?? "") !== "") throw invalid("the URL must not have a path: Kafka has no virtual hosts");
  const hosts = address.hosts.length === 0 ? [{ host: "localhost", port: undefined }] : address.hosts;
  const { ca, cert, key, passphrase, servername, timeout, clientId, partitions, replicas, retention, naming } = options;
  const tls = Object.entries({ ca, cert, key, passphrase, servername }).filter(([, value]) => value !== undefined);
  return {
    address,
    hosts: hosts.map(({ host, port }) => ({ host, port: port ?? 9_092 })),
    tls: address.scheme === "kafka+ssl" ? Object.fromEntries(tls) : undefined,
    sasl: saslOf(options, address),
    client: options.client ?? "kafkajs",
    timeout: timeout ?? 10_000,
    clientId: clientId ?? "anybroker",
    partitions: partitions ?? -1,
    replicas: replicas ?? -1,
    retention: retention ?? 604_800_000,
    naming: naming ?? {},
  };
}

function saslOf(options: KafkaOptions, address: core.Address): Sasl | undefined {
  const { token, mechanism = token === undefined ? "plain" : "oauthbearer" } = options;
  const username = options.username ?? address.username;
  const password = options.password ?? address.password;
  if (mechanism === "oauthbearer") {
    if (token === undefined) throw invalid("the mechanism oauthbearer needs the option token");
    return { mechanism, token };
  }
  if (username === undefined && password === undefined && options.mechanism === undefined) return undefined;
  if (username === undefined || password === undefined) {
    throw invalid(`the mechanism ${mechanism} needs a user and a password`);
  }
  return { mechanism, username, password };
}

function invalid(message: string): BrokerError {
  return new BrokerError("INVALID_CONFIG", message);
}
