import type * as core from "@anybroker/core/driver";
import type { Cluster, Redis } from "ioredis";
import type { Census } from "./census.ts";
import type { Connection } from "./connection.ts";
import type { Settings } from "./options.ts";
import type { Promoter } from "./promoter.ts";
import { PARTITIONS, type SourceKeys, sourceKeys } from "./topology.ts";

/** ioredis's client, for what anybroker does not offer. Blocking commands on it hold up everything else. */
export type RedisNative = Redis | Cluster;

/** One life of the connection: what is known in it, and ends with it. */
export interface Life {
  readonly settings: Settings;
  readonly context: core.LinkContext;
  readonly connection: Connection;
  /** Opens another connection, with a name of its own, to where the first one leads: for reading that blocks. */
  readonly another: (signal: AbortSignal, name: string) => Promise<Connection>;
  /** What the names of all consumers of this driver begin with. */
  readonly prefix: string;
  /** Who of the consumers lives. */
  readonly census: Census;
  readonly promoter: Promoter;
  /** How scripts take a handled entry from a stream that is for one group only. */
  readonly deletion: "del" | "xackdel";
  /** Ends each of the sources that are open. */
  readonly sources: Set<(reason: unknown) => void>;
  /** How many batches are on their way. */
  sending: number;
  /** When topics were last trimmed from here, by their keys (milliseconds of the clock). */
  readonly trimmed: Map<string, number>;
  /** In how many partitions ordered queues are, by their keys. */
  readonly partitions: Map<string, Promise<number>>;
}

/** The keys of a queue or subscription as it is on the server: only an ordered queue can be in partitions. */
export async function keysOf(life: Life, entity: core.SourceEntity): Promise<SourceKeys> {
  const { settings, connection, partitions } = life;
  const plain = sourceKeys(settings, entity);
  if (entity.kind !== "queue") return plain;
  const { stream } = plain.feeds[0];
  const known = partitions.get(stream) ?? countPartitions(connection, sourceKeys(settings, entity, PARTITIONS));
  partitions.set(stream, known);
  known.catch(() => partitions.delete(stream));
  return sourceKeys(settings, entity, await known);
}

async function countPartitions(connection: Connection, { feeds }: SourceKeys): Promise<number> {
  return Number(await connection.command("EXISTS", feeds[1]?.stream ?? "")) === 1 ? PARTITIONS : 1;
}
