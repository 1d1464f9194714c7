import type * as core from "@anybroker/core/driver";
import { BEGINNING, END } from "../cluster/cluster.ts";
import { noTopic } from "../errors.ts";
import { partitionName, type TopicPartition } from "../protocol/topic-partition.ts";
import type { Assignment } from "./assignment.ts";
import type { Commits } from "./commits.ts";
import { deleteHandledRecords } from "./delete-handled.ts";
import type { Fetching } from "./fetching.ts";
import type { Membership } from "./membership.ts";
import type { PartitionLog, StartOfReading } from "./partition-log.ts";
import type { SourceContext } from "./source-context.ts";

/** The assignment of a group's member: the partitions that the leader of the group assigns to it. */
export class GroupAssignment implements Assignment {
  readonly #context: SourceContext;
  readonly #membership: Membership;
  readonly #commits: Commits;
  readonly #fetching: Fetching;
  /** Tells the core which of its deliveries have gone to another consumer. */
  readonly #lostDeliveries: (deliveries: readonly core.Delivery[]) => void;
  /** Gets deliveries back from the core; undefined if another consumer may get their messages before. */
  readonly #giveBack: core.OpenOptions["giveBack"];

  constructor(
    context: SourceContext,
    membership: Membership,
    commits: Commits,
    fetching: Fetching,
    lostDeliveries: (deliveries: readonly core.Delivery[]) => void,
    giveBack: core.OpenOptions["giveBack"],
  ) {
    this.#context = context;
    this.#membership = membership;
    this.#commits = commits;
    this.#fetching = fetching;
    this.#lostDeliveries = lostDeliveries;
    this.#giveBack = giveBack;
  }

  async start(signal: AbortSignal): Promise<void> {
    await this.#membership.removeAbandonedMembers(signal);
    await this.#join(signal);
    void this.#keepMembership();
    deleteHandledRecords(this.#context, this.#membership.group.name);
  }

  /** Only the leader asks for a rebalance, because it assigns the partitions of all members. */
  async partitionsAdded(): Promise<void> {
    if (this.#membership.isLeader) this.#membership.requestRebalance();
  }

  async leave(signal: AbortSignal): Promise<void> {
    // If this fails, the server notices by itself when the lease is over.
    await this.#commits.flushOnLeaving(signal).catch(() => {});
    this.#context.partitions.isRebalancing = true;
    await this.#membership.leave(signal).catch(() => {});
  }

  abandon(): void {
    this.#membership.abandon();
  }

  async #keepMembership(): Promise<void> {
    const { ended, fail } = this.#context;
    try {
      while (!ended.aborted) {
        await this.#membership.untilRebalance(ended);
        await this.#rebalance();
      }
    } catch (error) {
      fail(error);
    }
  }

  async #rebalance(): Promise<void> {
    const { partitions, ended } = this.#context;
    // The next owner of a partition does not repeat what is committed now. The commit may come too late, and then
    // fails.
    await this.#commits.flushOnLeaving(ended).catch(() => {});
    partitions.isRebalancing = true;
    await this.#commits.idle();
    partitions.keepOnly(partitions.all.filter((log) => !log.isLeaving || log.held.length > 0));
    await this.#join(ended);
  }

  async #join(signal: AbortSignal): Promise<void> {
    const { cluster, partitions, wakeup } = this.#context;
    const { topics } = partitions;
    // Members keep their first partitions first: those from which the core holds the most messages.
    const keepingFirst = (log: PartitionLog): number => (log.isLeaving ? -1 : log.held.length);
    const owned = partitions.all.toSorted((one, other) => keepingFirst(other) - keepingFirst(one));
    const inUse = this.#giveBack === undefined ? [] : owned.filter((log) => log.held.length > 0);
    const assigned = await this.#membership.join({ topics, owned, inUse }, signal);
    // The leader has just refreshed them.
    if (!this.#membership.isLeader) await cluster.refresh(topics, signal);
    const missing = topics.find((topic) => cluster.knownLeaders(topic) === undefined);
    // The partitions of a missing topic were not assigned, and nothing would announce a new topic of that name.
    if (missing !== undefined) throw noTopic(missing);
    const lost = partitions.keepOnly([...assigned, ...inUse]);
    if (lost.length > 0) this.#lostDeliveries(lost);
    const names = new Set(assigned.map(partitionName));
    for (const log of inUse) this.#keepOrGiveUp(log, names.has(partitionName(log)));
    const added = assigned.filter((partition) => !partitions.has(partition));
    partitions.add(await this.#offsetsToReadFrom(added, signal));
    this.#fetching.startLoops();
    partitions.isRebalancing = false;
    // This includes what could not be committed during the rebalance.
    void this.#commits.commitNow();
    wakeup.wake();
  }

  /** A partition that another member is to get is given up once the core holds nothing of it. */
  #keepOrGiveUp(log: PartitionLog, isKept: boolean): void {
    const wasLeaving = log.isLeaving;
    log.isLeaving = !isKept;
    if (isKept || wasLeaving) return;
    void this.#giveBack?.(log.held).then(() => {
      if (log.isLeaving) this.#membership.requestRebalance();
    }, this.#context.fail);
  }

  /** A group without an offset, or one that has lost it, begins with the oldest message, so that it misses nothing. */
  async #offsetsToReadFrom(added: readonly TopicPartition[], signal: AbortSignal): Promise<readonly StartOfReading[]> {
    if (added.length === 0) return [];
    const { cluster } = this.#context;
    const committed = await this.#membership.group.committedOffsets(added, signal);
    const without = committed.filter(({ offset }) => offset < 0);
    const noted = committed.filter(({ metadata }) => metadata !== "");
    const [oldest, ends] = await Promise.all([
      cluster.offsetsAt(without, BEGINNING, signal),
      cluster.offsetsAt(noted, END, signal),
    ]);
    return committed.map((one) =>
      one.offset < 0
        ? { ...one, offset: oldest[without.indexOf(one)] ?? 0 }
        : { ...one, end: ends[noted.indexOf(one)] },
    );
  }
}
