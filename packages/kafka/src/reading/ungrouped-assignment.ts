import { END } from "../cluster/cluster.ts";
import type { Assignment } from "./assignment.ts";
import type { Fetching } from "./fetching.ts";
import type { SourceContext } from "./source-context.ts";

/** The assignment of an ephemeral subscription: all partitions, from their ends on. It commits nothing. */
export class UngroupedAssignment implements Assignment {
  readonly #context: SourceContext;
  readonly #fetching: Fetching;

  constructor(context: SourceContext, fetching: Fetching) {
    this.#context = context;
    this.#fetching = fetching;
  }

  async start(signal: AbortSignal): Promise<void> {
    const { cluster, partitions } = this.#context;
    const found = await cluster.partitionsOf(partitions.topics, signal);
    const ends = await cluster.offsetsAt(found, END, signal);
    partitions.add(found.map((partition, index) => ({ ...partition, offset: ends[index] ?? 0, metadata: "" })));
    this.#fetching.startLoops();
  }

  /** Everything in an added partition came after the subscription began. */
  async partitionsAdded(signal: AbortSignal): Promise<void> {
    const { cluster, partitions } = this.#context;
    const found = await cluster.partitionsOf(partitions.topics, signal);
    const added = found.filter((partition) => !partitions.has(partition));
    partitions.add(added.map((partition) => ({ ...partition, offset: 0, metadata: "" })));
    this.#fetching.startLoops();
  }

  async leave(): Promise<void> {}

  abandon(): void {}
}
