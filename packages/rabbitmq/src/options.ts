import type * as core from "@anybroker/core/driver";
import { CREDENTIAL_KINDS, checkOptionNames, readOptions, TLS_KINDS } from "@anybroker/core/driver";

/** How a topic maps to an exchange. */
export interface ExchangeOptions {
  /** The exchange's type: `topic`, `direct`, `fanout`, `headers` or one of a plugin. @default "topic" */
  readonly type?: string | undefined;
  /**
   * The routing key of a message: its `type`, its `key`, the value of one of its headers (`header:<name>`), or what a
   * function returns. A value that is not set is `""`. @default the message's type, without one its key
   */
  readonly routingKey?: "type" | "key" | `header:${string}` | ((message: core.OutgoingMessage) => string) | undefined;
}

/** The options of `rabbitmq`. */
export interface RabbitmqOptions extends core.CredentialOptions, core.TlsOptions {
  /**
   * `amqp://user:password@host:port,host2/vhost?heartbeat=5000`, or `amqps://…`. Several hosts are tried in turn.
   * Without a user and password both are `guest`, without a path the virtual host is `/`.
   */
  readonly url: string;
  /** `external`: the server identifies the client by its certificate. @default "plain" */
  readonly mechanism?: "plain" | "external" | undefined;
  /**
   * The time between heartbeats, in milliseconds: from 1 000. A peer that is silent for about three of them is given up.
   * @default a third of the lease, at most 10 000
   */
  readonly heartbeat?: number | undefined;
  /** How long a server may be silent while a connection is made, in milliseconds: from 1 000. @default 10 000 */
  readonly timeout?: number | undefined;
  /** The name of the connections in the server's own views. @default "anybroker" */
  readonly connectionName?: string | undefined;
  /** Names of existing queues and exchanges for logical names. */
  readonly naming?: core.NamingOptions | undefined;
  /** The exchanges of topics, by the topic's logical name. */
  readonly exchanges?: Readonly<Record<string, ExchangeOptions>> | undefined;
  /**
   * Binding keys of subscriptions, by their logical names `topic/subscription`: for a `topic` exchange patterns such as
   * `order.*`. They replace the binding that the driver would make.
   */
  readonly bindings?: Readonly<Record<string, readonly string[]>> | undefined;
}

/** The options, checked, and the parts of their URL. */
export type Settings = RabbitmqOptions & { readonly address: core.Address };

const KINDS: core.OptionKinds<RabbitmqOptions> = {
  ...CREDENTIAL_KINDS,
  mechanism: ["=plain", "=external"],
  heartbeat: ["milliseconds"],
  timeout: ["milliseconds"],
  connectionName: ["string"],
  ...TLS_KINDS,
  naming: ["object"],
  exchanges: ["object"],
  bindings: ["object"],
};

/** Checks options. Throws `INVALID_CONFIG` naming the option, and never a value that may be secret. */
export function settingsOf(given: RabbitmqOptions): Settings {
  const settings = readOptions(given, ["amqp", "amqps"], KINDS);
  for (const [topic, exchange] of Object.entries(settings.exchanges ?? {})) {
    checkOptionNames(`exchanges.${topic}`, exchange, ["type", "routingKey"]);
  }
  return settings;
}
