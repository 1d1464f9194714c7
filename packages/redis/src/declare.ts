import type * as core from "@anybroker/core/driver";
import { reasonOf } from "@anybroker/core/driver";
import { isAnswer, notFound } from "./errors.ts";
import { keysOf, type Life } from "./life.ts";
import { CREATE } from "./scripts.ts";
import { PARTITIONS, type SourceKeys, sourceKeys, startOf, topicKeys } from "./topology.ts";

type Drifts = readonly Omit<core.Drift, "entity">[];

/** `Link.declare`. */
export async function declare(
  life: Life,
  ...[entities, mode, signal]: Parameters<core.Link["declare"]>
): Promise<readonly core.Drift[]> {
  const drifts: core.Drift[] = [];
  for (const entity of entities) {
    signal.throwIfAborted();
    // An ephemeral subscription begins when its source opens.
    if (entity.kind === "subscription" && !entity.durable) continue;
    const found = entity.kind === "topic" ? await topic(life, entity, mode) : await source(life, entity, mode);
    drifts.push(...found.map((drift) => ({ entity, ...drift })));
  }
  return drifts;
}

async function topic({ connection, settings }: Life, entity: core.TopicEntity, mode: string): Promise<Drifts> {
  const { stream, retention } = topicKeys(settings, entity.name);
  if (mode === "verify" && Number(await connection.command("EXISTS", stream)) === 0) throw notFound(`stream ${stream}`);
  const kept =
    mode === "verify"
      ? await connection.command("GET", retention)
      : await connection.run(CREATE, [stream, retention], entity.retention);
  const found = Number(kept ?? 0);
  if (found === entity.retention) return [];
  return [{ property: `retention of ${stream}`, expected: String(entity.retention), found: String(found) }];
}

async function source(life: Life, entity: core.SourceEntity, mode: string): Promise<Drifts> {
  const { connection, settings, partitions } = life;
  const ordered = entity.kind === "queue" && entity.ordered;
  const [{ stream, group }] = sourceKeys(settings, entity).feeds;
  partitions.delete(stream);
  if (mode === "verify" && !(await hasGroup(life, stream, group))) throw notFound(`group ${group} of ${stream}`);
  // The main stream is asked for first, since it is made last: somebody else may be making all of them.
  const fresh = mode === "create" && ordered && Number(await connection.command("EXISTS", stream)) === 0;
  if (fresh) partitions.set(stream, Promise.resolve(PARTITIONS));
  const keys = await keysOf(life, entity);
  const found = entity.kind === "queue" ? keys.feeds.length : 1;
  const drifts: Omit<core.Drift, "entity">[] = [];
  if (found > 1 !== ordered && entity.kind === "queue") {
    const expected = String(ordered ? PARTITIONS : 1);
    drifts.push({ property: `partitions of ${stream}`, expected, found: String(found) });
  }
  if (mode === "create") await create(life, keys, entity);
  else
    for (const key of [...keys.feeds.slice(1).map((feed) => feed.stream), keys.dead]) {
      if (Number(await connection.command("EXISTS", key)) === 1) continue;
      drifts.push({ property: `stream ${key}`, expected: "there", found: "missing" });
    }
  return drifts;
}

async function create(life: Life, { feeds, dead }: SourceKeys, entity: core.SourceEntity): Promise<void> {
  const start = entity.kind === "subscription" ? startOf(entity.from) : "0";
  // The main one comes last: whoever sees it sees the others too.
  for (const { stream, group } of feeds.toReversed()) {
    // Asked first, because to create takes rights and memory also where there is nothing to create.
    if (await hasGroup(life, stream, group)) continue;
    const from = stream === feeds[0].stream ? start : "0";
    await life.connection.command("XGROUP", "CREATE", stream, group, from, "MKSTREAM").catch((error: unknown) => {
      if (!reasonOf(error).startsWith("BUSYGROUP")) throw error;
    });
  }
  await life.connection.run(CREATE, [dead]);
}

async function hasGroup({ connection }: Life, stream: string, group: string): Promise<boolean> {
  try {
    // The cast is true: each group is a list of names and values.
    const groups = (await connection.command("XINFO", "GROUPS", stream)) as readonly (readonly unknown[])[];
    return groups.some((fields) => String(fields[fields.findIndex((field) => String(field) === "name") + 1]) === group);
  } catch (error) {
    if (isAnswer(error) && reasonOf(error).includes("no such key")) return false;
    throw error;
  }
}
