import type * as core from "@anybroker/core/driver";
import { purgeStream } from "./scripts/purge-stream.ts";
import { groupsOf } from "./state/groups-of.ts";
import { cleanupOf, type LinkState } from "./state/link-state.ts";
import { groupKeys, isEphemeral, PARTITIONS, type SourceKeys, sourceKeys, topicKeys } from "./topology.ts";

/** `Link.purge`. */
export async function purge(state: LinkState, entities: readonly core.Entity[], signal: AbortSignal): Promise<void> {
  for (const entity of entities) {
    if (entity.kind === "topic") await purgeTopic(state, entity, signal);
    else await purgeSource(state, sourceKeys(state.settings, entity, PARTITIONS), signal);
  }
}

async function purgeTopic(state: LinkState, { name }: core.TopicEntity, signal: AbortSignal): Promise<void> {
  const keys = topicKeys(state.settings, name);
  const groups = await groupsOf(state, keys.stream);
  await state.connection.command("UNLINK", keys.delayed);
  for (const group of groups) if (!isEphemeral(group)) await purgeSource(state, groupKeys(keys, group), signal);
}

async function purgeSource(state: LinkState, { streams }: SourceKeys, signal: AbortSignal): Promise<void> {
  for (const stream of streams) {
    // Delayed publishes wait in the topic, for all its subscriptions.
    if (stream.exclusive) await state.connection.command("UNLINK", stream.delayed);
    await purgeStream(state.connection, { ...stream, cleanup: cleanupOf(state, stream) }, signal);
  }
}
