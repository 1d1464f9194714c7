import type * as core from "@anybroker/core/driver";
import { CREDENTIAL_KINDS, invalidConfig, readOptions, TLS_KINDS, tlsOf, usernameOf } from "@anybroker/core/driver";

/** Without and with TLS. */
export const SCHEMES: readonly [string, string] = ["kafka", "kafka+ssl"];

const DEFAULT_PORT = 9_092;
const DEFAULT_TIMEOUT = 10_000;
const SEVEN_DAYS = 604_800_000;

/** Leaves a number to the server. */
const SERVER_DEFAULT = -1;

/** The options of `kafka`. */
export interface KafkaOptions extends core.TlsOptions {
  /**
   * `kafka://user:password@host:port,host2?mechanism=scram-sha-512`, or `kafka+ssl://…`. Any servers of the cluster:
   * the driver tries them in turn, and learns of the others from the first one that it reaches.
   */
  readonly url: string;
  /** The user. Replaces the URL's. Not a URL parameter. */
  readonly username?: string | undefined;
  /** The password. Replaces the URL's. Not a URL parameter. */
  readonly password?: string | undefined;
  /** The SASL mechanism. @default "plain" with a user, "oauthbearer" with a token */
  readonly mechanism?: "plain" | "scram-sha-256" | "scram-sha-512" | "oauthbearer" | undefined;
  /** Returns a token for OAUTHBEARER. Called at each connection. Not a URL parameter. */
  readonly token?: (() => string | Promise<string>) | undefined;
  /**
   * The client library. `platformatic` is @platformatic/kafka, which must be installed beside this package. It sends
   * faster and reads every compression; kafkajs reads faster. @default "kafkajs"
   */
  readonly client?: "kafkajs" | "platformatic" | undefined;
  /** How long a server may be silent, in milliseconds: from 1 000. @default 10 000 */
  readonly timeout?: number | undefined;
  /** The name of the client in the server's own views. @default "anybroker" */
  readonly clientId?: string | undefined;
  /**
   * The number of partitions of the topics that the driver creates for queues and topics. @default the server's
   * `num.partitions`
   */
  readonly partitions?: number | undefined;
  /**
   * The number of replicas of the topics that the driver creates. @default the server's `default.replication.factor`
   */
  readonly replicas?: number | undefined;
  /**
   * How long topics that the driver creates keep messages, handled or not, in milliseconds: from 1 000.
   * @default 604 800 000 (7 days)
   */
  readonly retention?: number | undefined;
  /** Names of existing topics for logical queues and topics, and names of groups for subscriptions. */
  readonly naming?: core.NamingOptions | undefined;
}

/** How the driver proves its identity to the server. */
export type Sasl =
  | {
      readonly mechanism: "plain" | "scram-sha-256" | "scram-sha-512";
      readonly username: string;
      readonly password: string;
    }
  | { readonly mechanism: "oauthbearer"; readonly token: () => string | Promise<string> };

/** The options, checked, with all defaults. */
export interface Settings {
  readonly address: core.Address;
  /** Each with its port. */
  readonly hosts: readonly core.Host[];
  /** Undefined without TLS. */
  readonly tls: core.TlsOptions | undefined;
  /** Undefined without a user. */
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
  ...CREDENTIAL_KINDS,
  // No function: the clients take the password of PLAIN and SCRAM as a text. A token that expires has its own option.
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

/** Checks options. Throws `INVALID_CONFIG`, naming the option, and never a value that may be secret. */
export function settingsOf(given: KafkaOptions): Settings {
  const { address, ...options } = readOptions(given, SCHEMES, KINDS);
  if ((address.path ?? "") !== "") throw invalidConfig("the URL must not have a path: Kafka has no virtual hosts");
  const hosts = address.hosts.length === 0 ? [{ host: "localhost", port: undefined }] : address.hosts;
  return {
    address,
    hosts: hosts.map(({ host, port }) => ({ host, port: port ?? DEFAULT_PORT })),
    tls: address.scheme === "kafka+ssl" ? tlsOf(options) : undefined,
    sasl: saslOf(options, address),
    client: options.client ?? "kafkajs",
    timeout: options.timeout ?? DEFAULT_TIMEOUT,
    clientId: options.clientId ?? "anybroker",
    partitions: options.partitions ?? SERVER_DEFAULT,
    replicas: options.replicas ?? SERVER_DEFAULT,
    retention: options.retention ?? SEVEN_DAYS,
    naming: options.naming ?? {},
  };
}

function saslOf(options: KafkaOptions, address: core.Address): Sasl | undefined {
  const { token } = options;
  const mechanism = options.mechanism ?? (token === undefined ? "plain" : "oauthbearer");
  if (mechanism === "oauthbearer") {
    if (token === undefined) throw invalidConfig("the mechanism oauthbearer needs the option token");
    return { mechanism, token };
  }
  const username = usernameOf(options, address);
  const password = options.password ?? address.password;
  if (username !== undefined && password !== undefined) return { mechanism, username, password };
  const isAnonymous = username === undefined && password === undefined && options.mechanism === undefined;
  if (isAnonymous) return undefined;
  throw invalidConfig(`the mechanism ${mechanism} needs a user and a password`);
}
