import type * as core from "@anybroker/core/driver";
import { filterText, notFound, reasonOf } from "@anybroker/core/driver";
import { createStream, createTopic } from "./scripts/create-stream.ts";
import { groupsOf } from "./state/groups-of.ts";
import type { LinkState } from "./state/link-state.ts";
import { storedFilter } from "./state/stored-filter.ts";
import { PARTITIONS, type SourceKeys, sourceKeys, startOf, topicKeys } from "./topology.ts";

/** `Link.declare`. */
export async function declare(
  state: LinkState,
  entities: readonly core.Entity[],
  mode: core.DeclareMode,
  signal: AbortSignal,
): Promise<readonly core.Drift[]> {
  const drifts: core.Drift[] = [];
  for (const entity of entities) {
    signal.throwIfAborted();
    if (entity.kind === "topic") drifts.push(...(await declareTopic(state, entity, mode)));
    else drifts.push(...(await declareSource(state, entity, mode)));
  }
  return drifts;
}

async function declareTopic(
  state: LinkState,
  topic: core.TopicEntity,
  mode: core.DeclareMode,
): Promise<readonly core.Drift[]> {
  const { connection, settings } = state;
  const { stream, retention } = topicKeys(settings, topic.name);
  let found: number;
  if (mode !== "verify") {
    found = await createTopic(connection, { stream, retention, ms: topic.retention });
  } else {
    if (!(await exists(state, stream))) throw notFound(`there is no stream ${stream}`);
    found = Number((await connection.command("GET", retention)) ?? 0);
  }
  if (found === topic.retention) return [];
  return [{ entity: topic, property: "retention", expected: String(topic.retention), found: String(found) }];
}

async function declareSource(
  state: LinkState,
  entity: core.SourceEntity,
  mode: core.DeclareMode,
): Promise<readonly core.Drift[]> {
  const { settings, partitionCounts } = state;
  const [{ stream, group }] = sourceKeys(settings, entity).streams;
  // Another program may have created the queue since the partitions were counted.
  partitionCounts.forget(stream);
  if (mode === "verify" && !(await hasGroup(state, stream, group))) {
    throw notFound(`there is no group ${group} of ${stream}`);
  }
  const ordered = entity.kind === "queue" && entity.ordered;
  // The first stream is created last. So if it is missing, the queue is new, even while another program creates it too.
  if (mode !== "verify" && ordered && !(await exists(state, stream))) {
    await partitionCounts.assume(stream, PARTITIONS);
  }
  const keys = await partitionCounts.keysOf(entity);
  const drifts: core.Drift[] = [];
  const partitioned = keys.streams.length > 1;
  if (entity.kind === "queue" && partitioned !== ordered) {
    // An ordered queue has several partitions.
    drifts.push({ entity, property: "ordered", expected: String(ordered), found: String(partitioned) });
  }
  if (entity.kind === "subscription") drifts.push(...(await declareFilter(state, keys, entity, mode)));
  if (mode === "verify") drifts.push(...(await missingStreams(state, keys, entity)));
  else await createMissing(state, keys, entity);
  return drifts;
}

/** Stores the filter before the group exists, so that no consumer reads without it. */
async function declareFilter(
  state: LinkState,
  keys: SourceKeys,
  entity: core.SubscriptionEntity,
  mode: core.DeclareMode,
): Promise<readonly core.Drift[]> {
  const { connection } = state;
  const expected = filterText(entity.filter);
  if (mode === "apply") await connection.command("SET", keys.filter, expected);
  let found = await storedFilter(state, keys);
  if (found === undefined && mode === "create") {
    await connection.command("SET", keys.filter, expected, "NX");
    // Another program may have stored another one meanwhile.
    found = await storedFilter(state, keys);
  }
  if (found === undefined || found === expected) return [];
  return [{ entity, property: "filter", expected, found }];
}

/** The streams besides the first one that do not exist. */
async function missingStreams(
  state: LinkState,
  { streams, deadLetters }: SourceKeys,
  entity: core.SourceEntity,
): Promise<readonly core.Drift[]> {
  const drifts: core.Drift[] = [];
  for (const key of [...streams.slice(1).map(({ stream }) => stream), deadLetters]) {
    if (await exists(state, key)) continue;
    drifts.push({ entity, property: `stream ${key}`, expected: "there", found: "missing" });
  }
  return drifts;
}

async function createMissing(state: LinkState, keys: SourceKeys, entity: core.SourceEntity): Promise<void> {
  const { connection } = state;
  const { streams, deadLetters } = keys;
  // The first stream is created last, so that a program that sees it sees the others too.
  for (const { stream, group } of streams.toReversed()) {
    // Checked first, because creating needs rights and memory even where there is nothing to create.
    if (await hasGroup(state, stream, group)) continue;
    const isFirst = stream === streams[0].stream;
    const start = isFirst && entity.kind === "subscription" ? startOf(entity.from) : "0";
    try {
      await connection.command("XGROUP", "CREATE", stream, group, start, "MKSTREAM");
    } catch (error) {
      // Another program has created it meanwhile.
      if (!reasonOf(error).startsWith("BUSYGROUP")) throw error;
    }
  }
  await createStream(connection, deadLetters);
}

async function exists({ connection }: LinkState, key: string): Promise<boolean> {
  return Number(await connection.command("EXISTS", key)) === 1;
}

async function hasGroup(state: LinkState, stream: string, group: string): Promise<boolean> {
  return (await groupsOf(state, stream)).includes(group);
}
