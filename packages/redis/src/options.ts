import type * as core from "@anybroker/core/driver";
import { BrokerError, readOptions, TLS_KINDS } from "@anybroker/core/driver";

/** What `redis` takes. */
export interface RedisOptions {
  /**
   * `redis://user:password@host:port,host2/2?heartbeat=5000`, or `rediss://…`; the path is the number of the database.
   * Several hosts are tried in turn, or are what `mode` says.
   */
  readonly url: string;
  /** Instead of the URL's. Not a URL parameter. */
  readonly username?: string;
  /** Instead of the URL's. A function is asked at each connect: for tokens that expire. Not a URL parameter. */
  readonly password?: string | (() => string | Promise<string>);
  /** What the hosts are: servers of their own, nodes of a Cluster, or sentinels. @default "standalone" */
  readonly mode?: "standalone" | "cluster" | "sentinel";
  /** The name under which the sentinels know the servers. @default "mymaster" */
  readonly master?: string;
  /** For the sentinels. Not a URL parameter. */
  readonly sentinelUsername?: string;
  /** For the sentinels. Not a URL parameter. */
  readonly sentinelPassword?: string;
  /** Milliseconds that the server may leave us without an answer. @default a third of the lease, at most 10000 */
  readonly heartbeat?: number;
  /** Milliseconds that a connection may take to be made. @default 10000 */
  readonly timeout?: number;
  /** How many replicas must have a message before its send resolves; not for a Cluster. @default none */
  readonly replicas?: number;
  /** How the connections are called in `CLIENT LIST`. @default "anybroker" */
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
  /** Keys of existing streams for logical names of queues and topics, and names of existing groups for subscriptions. */
  readonly naming?: core.NamingOptions;
  /** Names of existing groups that read queues, by the queues' logical names. */
  readonly groups?: Readonly<Record<string, string>>;
}

/** The options, checked, and the parts of their URL. */
export type Settings = RedisOptions & { readonly address: core.Address; readonly db: number };

const KINDS: core.OptionKinds<RedisOptions> = {
  username: ["secret"],
  password: ["secret", "function"],
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

/** Checks options; throws `INVALID_CONFIG` naming the option, and never a value that may be secret. */
export function settingsOf(given: RedisOptions): Settings {
  const options = readOptions(given, ["redis", "rediss"], KINDS);
  const db = Number(options.address.path ?? 0);
  if (!Number.isInteger(db) || db < 0) throw invalid("the URL's path must be the number of a database");
  if (options.replicas !== undefined && options.mode === "cluster") throw invalid("a Cluster cannot wait for replicas");
  if (db > 0 && options.mode === "cluster") throw invalid("a Cluster has the database 0 only");
  return { ...options, db };
}

function invalid(message: string): BrokerError {
  return new BrokerError("INVALID_CONFIG", message);
}
