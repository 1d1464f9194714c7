import type * as core from "@anybroker/core/driver";
import {
  CREDENTIAL_KINDS,
  type CredentialOptions,
  invalidConfig,
  readOptions,
  TLS_KINDS,
  type TlsOptions,
} from "@anybroker/core/driver";

/** The options of `redis`. */
export interface RedisOptions extends CredentialOptions, TlsOptions {
  /**
   * `redis://user:password@host:port,host2/2?heartbeat=5000`, or `rediss://…` for TLS. The path is the number of the
   * database. Several hosts are tried in turn, or are what `mode` says.
   */
  readonly url: string;
  /** Whether the hosts are independent servers, nodes of a Cluster, or sentinels. @default "standalone" */
  readonly mode?: "standalone" | "cluster" | "sentinel" | undefined;
  /** The name under which the sentinels know the servers. @default "mymaster" */
  readonly master?: string | undefined;
  /** The user name for the sentinels. Not a URL parameter. */
  readonly sentinelUsername?: string | undefined;
  /** The password for the sentinels. Not a URL parameter. */
  readonly sentinelPassword?: string | undefined;
  /**
   * How long a server that owes a reply may be silent, in milliseconds: from 1 000.
   * @default a third of the lease, at most 10 000
   */
  readonly heartbeat?: number | undefined;
  /** How long connecting may take, in milliseconds: from 1 000. @default 10 000 */
  readonly timeout?: number | undefined;
  /** How many replicas must have a message before its send resolves. Not for a Cluster. @default none */
  readonly replicas?: number | undefined;
  /** The name of the connections in `CLIENT LIST`. @default "anybroker" */
  readonly connectionName?: string | undefined;
  /**
   * Keys of existing streams for logical names of queues and topics, and names of existing groups for subscriptions.
   */
  readonly naming?: core.NamingOptions | undefined;
  /** Names of existing groups that read queues, by the queues' logical names. */
  readonly groups?: Readonly<Record<string, string>> | undefined;
}

/** The checked options, with the parts of their URL. */
export type Settings = RedisOptions & { readonly address: core.Address; readonly db: number };

/** The schemes of URLs of Redis; the second one is for TLS. */
export const SCHEMES = ["redis", "rediss"] as const;

const KINDS: core.OptionKinds<RedisOptions> = {
  ...CREDENTIAL_KINDS,
  mode: ["=standalone", "=cluster", "=sentinel"],
  master: ["string"],
  sentinelUsername: ["secret"],
  sentinelPassword: ["secret"],
  heartbeat: ["milliseconds"],
  timeout: ["milliseconds"],
  replicas: ["count"],
  connectionName: ["string"],
  ...TLS_KINDS,
  naming: ["object"],
  groups: ["object"],
};

/** Checks options. Throws `INVALID_CONFIG`, which names the option and never a value that may be secret. */
export function settingsOf(given: RedisOptions): Settings {
  const options = readOptions(given, SCHEMES, KINDS);
  const db = Number(options.address.path ?? 0);
  if (!Number.isInteger(db) || db < 0) throw invalidConfig("the URL's path must be the number of a database");
  if (options.mode === "cluster") {
    if (options.replicas !== undefined) throw invalidConfig("a Cluster cannot wait for replicas");
    if (db > 0) throw invalidConfig("a Cluster has the database 0 only");
  }
  return { ...options, db };
}
