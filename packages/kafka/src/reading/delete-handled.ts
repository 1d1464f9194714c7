import type { PartitionOffset } from "../protocol/requests.ts";
import { partitionName } from "../protocol/topic-partition.ts";
import { isRetryTopicOf, KEEP_FOREVER } from "../topology.ts";
import type { SourceContext } from "./source-context.ts";

/** How often to delete, in ms. */
const INTERVAL = 30_000;

/**
 * Deletes, from time to time, what a group has handled from the topics that only this group reads. Without the right to
 * delete the records stay. A queue's topic that does not keep its records forever was made by another program, whose
 * consumers may still read it, so nothing is deleted from it.
 */
export function deleteHandledRecords({ session, cluster, partitions, ended }: SourceContext, group: string): void {
  const deleted = new Map<string, number>();

  const deleteOnce = async (): Promise<void> => {
    const handled: PartitionOffset[] = partitions.all
      .map(({ topic, partition, committed }) => ({ topic, partition, offset: committed.offset }))
      .filter((one) => one.offset > (deleted.get(partitionName(one)) ?? 0));
    if (handled.length === 0) return;
    const keepForever = KEEP_FOREVER["retention.ms"];
    const configs = await session.topicConfigs([group]);
    const retention = configs.get(group)?.get("retention.ms") ?? keepForever;
    const deletable = handled.filter(
      ({ topic }) => isRetryTopicOf(group, topic) || (topic === group && retention === keepForever),
    );
    for (const one of deletable) deleted.set(partitionName(one), one.offset);
    await cluster.askLeaders(deletable, ended, async (node, led) => {
      await session.deleteRecords(node, led);
      return [];
    });
  };

  const timer = setInterval(() => void deleteOnce().catch(() => {}), INTERVAL).unref();
  ended.addEventListener("abort", () => clearInterval(timer), { once: true });
}
