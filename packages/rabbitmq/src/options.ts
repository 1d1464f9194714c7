import type * as core from "@anybroker/core/driver";
import { BrokerError, checkOptions, parseUrl } from "@anybroker/core/driver";

/** How a topic is mapped to an exchange. */
export interface ExchangeOptions {
  /** Its type: `topic`, `direct`, `fanout`, `headers` or one of a plugin. @default "topic" */
  readonly type?: string;
  /**
   * The routing key of a message: its `type`, its `key`, the value of one of its headers (`header:<name>`), or what a
   * function answers; `""` where that is not set. @default the message's type, without one its key
   */
  readonly routingKey?: "type" | "key" | `header:${string}` | ((message: core.OutgoingMessage) => string);
}

/** What `rabbitmq` takes. */
export interface RabbitmqOptions {
  /**
   * `amqp://user:password@host:port,host2/vhost?heartbeat=5000`, or `amqps://…`. Several hosts are tried in turn.
   * Without a user it is guest, without a path the virtual host is `/`.
   */
  readonly url: string;
  /** Instead of the URL's. Not a URL parameter. */
  readonly username?: string;
  /** Instead of the URL's. A function is asked at each connect: for tokens that expire. Not a URL parameter. */
  readonly password?: string | (() => string | Promise<string>);
  /** `external`: the server knows the client by its certificate. @default "plain" */
  readonly mechanism?: "plain" | "external";
  /** Milliseconds between heartbeats; a peer silent for three is given up. @default a third of the lease, at most 10000 */
  readonly heartbeat?: number;
  /** Milliseconds that a server may be silent while a connection is made. @default 10000 */
  readonly timeout?: number;
  /** How the connections are called in the server's own views. @default "anybroker" */
  readonly connectionName?: string;
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
  /** Names of existing queues and exchanges for logical names. */
  readonly naming?: core.NamingOptions;
  /** Of topics, by their logical names. */
  readonly exchanges?: Readonly<Record<string, ExchangeOptions>>;
  /**
   * Binding keys of subscriptions, by their logical names `topic/subscription`: for a `topic` exchange patterns such as
   * `order.*`. They replace the binding that the driver would make.
   */
  readonly bindings?: Readonly<Record<string, readonly string[]>>;
}

/** The options, checked, and the parts of their URL. */
export type Settings = RabbitmqOptions & { readonly address: core.Address };

const PARAMETERS = {
  mechanism: "string",
  heartbeat: "number",
  timeout: "number",
  connectionName: "string",
  ca: "string",
  cert: "string",
  servername: "string",
} as const;

const KINDS: core.OptionKinds<RabbitmqOptions> = {
  url: ["string"],
  username: ["string"],
  password: ["string", "function"],
  mechanism: ["string"],
  heartbeat: ["milliseconds"],
  timeout: ["milliseconds"],
  connectionName: ["string"],
  ca: ["string", "Buffer"],
  cert: ["string", "Buffer"],
  key: ["string", "Buffer"],
  passphrase: ["string"],
  servername: ["string"],
  naming: ["object"],
  exchanges: ["object"],
  bindings: ["object"],
};

const CHOICES = { mechanism: ["plain", "external"] } as const;

/** Checks options; throws `INVALID_CONFIG` naming the option, and never a value that may be secret. */
export function settingsOf(given: RabbitmqOptions): Settings {
  const address = parseUrl(String(given.url), PARAMETERS);
  if (!/^amqps?$/.test(address.scheme)) {
    throw new BrokerError("INVALID_CONFIG", `the URL's scheme must be amqp or amqps, not ${address.scheme}`);
  }
  const options: RabbitmqOptions = { ...address.parameters, ...given };
  checkOptions(options, KINDS, CHOICES);
  return { ...options, address };
}
