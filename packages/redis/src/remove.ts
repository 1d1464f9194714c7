import type * as core from "@anybroker/core/driver";
import { describeEntity, forbidden, reasonOf } from "@anybroker/core/driver";
import { classify } from "./errors.ts";
import { groupsOf } from "./state/groups-of.ts";
import type { LinkState } from "./state/link-state.ts";
import { exclusiveKeys, groupKeys, PARTITIONS, sourceKeys, topicKeys } from "./topology.ts";

/** `Link.remove`. */
export async function remove(state: LinkState, entities: readonly core.Entity[]): Promise<void> {
  for (const entity of entities) {
    try {
      await removeOne(state, entity);
    } catch (error) {
      if (classify(error).code !== "FORBIDDEN") throw error;
      const rights = entity.kind === "queue" ? "unlink" : entity.kind === "topic" ? "xinfo, unlink" : "xgroup, unlink";
      const what = `deleting ${describeEntity(entity)} needs the right to ${rights} on its keys`;
      throw forbidden(`${what}: ${reasonOf(error)}`, error);
    }
  }
}

async function removeOne(state: LinkState, entity: core.Entity): Promise<void> {
  if (entity.kind === "topic") return removeTopic(state, entity);
  const { connection, settings, partitionCounts } = state;
  const keys = sourceKeys(settings, entity, PARTITIONS);
  const [{ stream, group }] = keys.streams;
  if (entity.kind === "subscription" && (await groupsOf(state, stream)).includes(group)) {
    await connection.command("XGROUP", "DESTROY", stream, group);
  }
  await connection.command("UNLINK", ...exclusiveKeys(keys));
  partitionCounts.forget(stream);
}

async function removeTopic(state: LinkState, { name }: core.TopicEntity): Promise<void> {
  const keys = topicKeys(state.settings, name);
  const groups = await groupsOf(state, keys.stream);
  const ofSubscriptions = groups.flatMap((group) => exclusiveKeys(groupKeys(keys, group)));
  await state.connection.command("UNLINK", keys.stream, keys.delayed, keys.retention, ...ofSubscriptions);
}
