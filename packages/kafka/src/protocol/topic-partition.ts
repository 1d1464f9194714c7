/** One partition of a topic. */
export interface TopicPartition {
  readonly topic: string;
  readonly partition: number;
}

/** A text that identifies a partition, for keys of maps. */
export function partitionName({ topic, partition }: TopicPartition): string {
  return `${topic}/${partition}`;
}

/** Partitions grouped by topic, as most requests list them. */
export function byTopic<P extends TopicPartition, T>(
  partitions: readonly P[],
  convert: (partition: P) => T,
): readonly { readonly topic: string; readonly partitions: T[] }[] {
  const groups = Map.groupBy(partitions, ({ topic }) => topic);
  return [...groups].map(([topic, group]) => ({ topic, partitions: group.map(convert) }));
}

/** The result for each of the partitions, in their order; undefined where there is none. */
export function inOrderOf<R extends TopicPartition>(
  partitions: readonly TopicPartition[],
  results: readonly R[],
): readonly (R | undefined)[] {
  const byName = new Map(results.map((result) => [partitionName(result), result]));
  return partitions.map((partition) => byName.get(partitionName(partition)));
}
