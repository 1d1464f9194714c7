/** A partition of a topic. */
export interface Place {
  readonly topic: string;
  readonly partition: number;
}

/** The places by their topics, as most requests name them. */
export function byTopic<P extends Place, T>(
  places: readonly P[],
  change: (place: P) => T,
): readonly { readonly topic: string; readonly partitions: T[] }[] {
  return [...Map.groupBy(places, ({ topic }) => topic)].map(([topic, all]) => ({ topic, partitions: all.map(change) }));
}

/** What was answered of each place, in the order of the places. */
export function answersFor<A extends Place>(
  places: readonly Place[],
  answers: readonly A[],
): readonly (A | undefined)[] {
  const named = new Map(answers.map((answer) => [nameOf(answer), answer]));
  return places.map((place) => named.get(nameOf(place)));
}

/** One name for a place. */
export function nameOf({ topic, partition }: Place): string {
  return `${topic}/${partition}`;
}
