import type * as core from "@anybroker/core/driver";
import { Cluster } from "ioredis";
import { type Connection, unavailable } from "./connection.ts";

/** What a link finds out about its server, once. */
export interface Server {
  readonly product: string;
  readonly version: string;
}

/** Asks the server what it is. An account that may not know is told to be on an unknown one. */
export async function serverOf(connection: Connection): Promise<Server> {
  const { client } = connection;
  // ioredis connects to the nodes of a Cluster when they are first needed: here they are all there, or it is no link.
  if (client instanceof Cluster) await Promise.all(client.nodes("master").map((node) => node.ping()));
  const info = await infoOf(connection);
  if (info.loading === "1") throw unavailable("the server is loading what it has on disk");
  if (info.role === "slave") throw unavailable("the server is a replica");
  const version = info.valkey_version ?? info.redis_version ?? "unknown";
  const product = info.valkey_version === undefined ? "Redis" : "Valkey";
  return { product, version };
}

/** Asks whether the server answers, and what its settings mean for what it was given. */
export async function healthOf(connection: Connection): Promise<core.LinkHealth> {
  const [info] = await Promise.all([infoOf(connection), connection.command("PING")]);
  const { aof_enabled, maxmemory = "0", maxmemory_policy = "noeviction", used_memory = "0", role } = info;
  const full = Number(maxmemory) > 0 && Number(used_memory) >= Number(maxmemory);
  const faults = [
    full && maxmemory_policy === "noeviction" ? "the memory is full: the server takes no messages" : "",
    info.aof_last_write_status === "err" ? "the server cannot write to its append-only file" : "",
    aof_enabled === "0" ? "without an append-only file (appendonly no) a restart of the server loses messages" : "",
    Number(maxmemory) > 0 && maxmemory_policy.startsWith("allkeys")
      ? `when the memory is full the server deletes queues (maxmemory-policy ${maxmemory_policy})`
      : "",
  ].filter((fault) => fault !== "");
  const details = {
    ...(role === undefined ? {} : { role, replicas: Number(info.connected_slaves ?? 0) }),
    ...(aof_enabled === undefined ? {} : { appendonly: aof_enabled === "1" }),
    ...(info.maxmemory_policy === undefined ? {} : { "maxmemory-policy": maxmemory_policy }),
  };
  return { degraded: faults.length === 0 ? undefined : faults.join("; "), details };
}

/** What `INFO` says; nothing where that is not allowed. */
async function infoOf(connection: Connection): Promise<Readonly<Record<string, string>>> {
  const text = String(await connection.command("INFO").catch(denied));
  return Object.fromEntries([...text.matchAll(/^([a-z_]+):(.*?)\r?$/gm)].map(([, name, value]) => [name, value]));
}

function denied(error: unknown): string {
  if (error instanceof Error && error.message.startsWith("NOPERM")) return "";
  throw error;
}
