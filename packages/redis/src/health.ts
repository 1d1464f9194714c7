import type * as core from "@anybroker/core/driver";
import { unavailable } from "@anybroker/core/driver";
import { Cluster } from "ioredis";
import type { Connection } from "./connection.ts";

/** The server at the other end of a link. */
export interface Server {
  readonly product: string;
  readonly version: string;
}

type Info = Readonly<Record<string, string>>;

/**
 * Finds out the server's product and version; the version is `unknown` if the account may not use `INFO`. Rejects if
 * the server is loading or a replica, or if a node of a Cluster cannot be reached.
 */
export async function serverOf(connection: Connection): Promise<Server> {
  const { client } = connection;
  // ioredis connects to a node of a Cluster when it is first needed. A link needs all of them.
  if (client instanceof Cluster) await Promise.all(client.nodes("master").map((node) => node.ping()));
  const info = await readInfo(connection);
  if (info.loading === "1") throw unavailable("the server is loading its data from disk");
  if (info.role === "slave") throw unavailable("the server is a replica");
  if (info.valkey_version !== undefined) return { product: "Valkey", version: info.valkey_version };
  return { product: "Redis", version: info.redis_version ?? "unknown" };
}

/** Checks that the server replies, and whether its settings keep messages safe. */
export async function healthOf(connection: Connection): Promise<core.LinkHealth> {
  const [info] = await Promise.all([readInfo(connection), connection.command("PING")]);
  const problems = problemsOf(info);
  return { degraded: problems.length === 0 ? undefined : problems.join("; "), details: detailsOf(info) };
}

function problemsOf(info: Info): readonly string[] {
  const { maxmemory = "0", maxmemory_policy: policy = "noeviction", used_memory = "0" } = info;
  const limited = Number(maxmemory) > 0;
  const problems: string[] = [];
  if (limited && Number(used_memory) >= Number(maxmemory) && policy === "noeviction") {
    problems.push("the memory is full: the server accepts no messages");
  }
  if (info.aof_last_write_status === "err") problems.push("the server cannot write to its append-only file");
  if (info.aof_enabled === "0") {
    problems.push("without an append-only file (appendonly no) a restart of the server loses messages");
  }
  if (limited && policy.startsWith("allkeys")) {
    problems.push(`when the memory is full the server deletes queues (maxmemory-policy ${policy})`);
  }
  return problems;
}

function detailsOf(info: Info): core.LinkHealth["details"] {
  const details: Record<string, string | number | boolean> = {};
  if (info.role !== undefined) {
    details.role = info.role;
    details.replicas = Number(info.connected_slaves ?? 0);
  }
  if (info.aof_enabled !== undefined) details.appendonly = info.aof_enabled === "1";
  if (info.maxmemory_policy !== undefined) details["maxmemory-policy"] = info.maxmemory_policy;
  return details;
}

/** The fields of `INFO`; none if the account may not use it. */
async function readInfo(connection: Connection): Promise<Info> {
  const text = String(await connection.command("INFO").catch(emptyIfForbidden));
  return Object.fromEntries([...text.matchAll(/^([a-z_]+):(.*?)\r?$/gm)].map(([, name, value]) => [name, value]));
}

function emptyIfForbidden(error: unknown): string {
  if (error instanceof Error && error.message.startsWith("NOPERM")) return "";
  throw error;
}
