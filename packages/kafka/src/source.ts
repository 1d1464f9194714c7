import { setTimeout as sleep } from "node:timers/promises";
import type * as core from "@anybroker/core/driver";
import { DELAY_STEPS, deadLettersName, Ending, retryStepName, unavailable } from "@anybroker/core/driver";
import { Cluster, REFRESH_INTERVAL } from "./cluster/cluster.ts";
import type { LinkState } from "./cluster/link-state.ts";
import type { Session } from "./cluster/session.ts";
import { noTopic } from "./errors.ts";
import { AssignedPartitions } from "./reading/assigned-partitions.ts";
import type { Assignment } from "./reading/assignment.ts";
import { Commits } from "./reading/commits.ts";
import { DeliveryPicker } from "./reading/delivery-picker.ts";
import { Fetching } from "./reading/fetching.ts";
import { GroupAssignment } from "./reading/group-assignment.ts";
import { Membership } from "./reading/membership.ts";
import type { HeldDelivery } from "./reading/partition-log.ts";
import type { SourceContext } from "./reading/source-context.ts";
import { UngroupedAssignment } from "./reading/ungrouped-assignment.ts";
import { Wakeup } from "./reading/wakeup.ts";
import { settle } from "./settle.ts";
import { type SourceTopic, sourceTopics } from "./topology.ts";

/** The longest that `receive` waits, in ms. */
const MAX_RECEIVE_WAIT = 1_000;

/** `Link.open`: starts to read a queue or subscription, on connections of its own. */
export async function openSource(
  state: LinkState,
  entity: core.SourceEntity,
  { window, giveBack }: core.OpenOptions,
  lostDeliveries: core.OnLost,
  signal: AbortSignal,
): Promise<core.Source> {
  const session = await state.openSession(signal);
  try {
    const cluster = new Cluster(session);
    const topics = sourceTopics(entity, state.naming);
    const names = topics.map(({ topic }) => topic);
    const [main = ""] = names;
    const name = state.naming.source(entity);
    const { context, abandonedMembers } = state;
    const isDurable = entity.kind === "queue" || entity.durable;
    const needed = isDurable && context.topology === "create" ? [main, deadLettersName(name)] : [main];
    const existing = new Set(await cluster.refresh([...new Set([...names, ...needed])], signal));
    // Without dead letters it was deleted since it was declared, and would begin with the oldest message of its topic.
    for (const topic of needed) if (!existing.has(topic)) throw noTopic(topic);
    const membership = isDurable ? new Membership(session, cluster, name, context.lease, abandonedMembers) : undefined;
    if (membership !== undefined && entity.kind === "subscription" && context.topology !== "create") {
      await membership.group.requireOffsets(await cluster.partitionsOf([main], signal), signal);
    }
    const found = topics.filter(({ topic }) => existing.has(topic));
    const source = new KafkaSource({
      state,
      session,
      cluster,
      name,
      topics: found,
      retained: entity.kind === "subscription" ? main : undefined,
      returns: DELAY_STEPS.every((ms) => existing.has(retryStepName(name, ms))),
      membership,
      window,
      lostDeliveries,
      giveBack: entity.ordered ? giveBack : undefined,
    });
    await source.start(signal);
    return source;
  } catch (error) {
    session.close();
    throw error;
  }
}

interface SourceParts {
  readonly state: LinkState;
  readonly session: Session;
  readonly cluster: Cluster;
  /** The physical name of the queue or subscription. It is also the name of the group. */
  readonly name: string;
  readonly topics: readonly SourceTopic[];
  readonly retained: string | undefined;
  readonly returns: boolean;
  /** Undefined for an ephemeral subscription, which has no group. */
  readonly membership: Membership | undefined;
  readonly window: number;
  readonly lostDeliveries: core.OnLost;
  readonly giveBack: core.OpenOptions["giveBack"];
}

class KafkaSource implements core.Source {
  readonly returns: boolean;
  readonly #state: LinkState;
  readonly #name: string;
  readonly #context: SourceContext;
  readonly #fetching: Fetching;
  readonly #picker: DeliveryPicker;
  /** Undefined without a group. */
  readonly #commits: Commits | undefined;
  readonly #assignment: Assignment;
  readonly #ended = new AbortController();
  readonly #ending = new Ending((reason) => {
    this.#assignment.abandon();
    this.#commits?.stop();
    this.#ended.abort(reason);
    this.#context.session.close();
    this.#context.partitions.revokeAll();
    this.#continue();
  });

  constructor(opened: SourceParts) {
    const { state, session, cluster, membership } = opened;
    this.#state = state;
    this.#name = opened.name;
    this.returns = opened.returns;
    const partitions = new AssignedPartitions(opened.topics, state.owner);
    this.#context = {
      session,
      cluster,
      partitions,
      wakeup: new Wakeup(),
      retained: opened.retained,
      ended: this.#ended.signal,
      fail: this.#ending.end,
    };
    this.#fetching = new Fetching(this.#context);
    this.#picker = new DeliveryPicker(partitions, membership !== undefined);
    if (membership === undefined) {
      this.#assignment = new UngroupedAssignment(this.#context, this.#fetching);
    } else {
      this.#commits = new Commits(this.#context, membership, opened.window);
      this.#assignment = new GroupAssignment(
        this.#context,
        membership,
        this.#commits,
        this.#fetching,
        opened.lostDeliveries,
        opened.giveBack,
      );
    }
    void session.lost.then(this.#ending.end);
  }

  get lost(): Promise<unknown> {
    return this.#ending.lost;
  }

  async start(signal: AbortSignal): Promise<void> {
    try {
      await this.#assignment.start(AbortSignal.any([signal, this.#ended.signal]));
    } catch (error) {
      // An operation that the end of the session aborted fails with the reason of that end.
      const reason: unknown = this.#ended.signal.aborted ? this.#ended.signal.reason : error;
      // The source may be a member of its group already.
      this.#ending.end(reason);
      throw reason;
    }
    void this.#watchForPartitions();
  }

  async receive(max: number, signal: AbortSignal): Promise<readonly core.Delivery[]> {
    const deliveries = this.#takeNext(max);
    if (deliveries.length > 0 || signal.aborted || this.#ending.over) return deliveries;
    const { partitions, wakeup } = this.#context;
    const now = this.#state.context.clock.now();
    const untilDue = partitions.nextDueAfter(now) - now;
    await wakeup.wait(Math.max(1, Math.min(MAX_RECEIVE_WAIT, untilDue)), signal);
    return this.#takeNext(max);
  }

  settle(batch: readonly core.Settlement[], signal: AbortSignal): ReturnType<core.Source["settle"]> {
    const results = settle(this.#state, this.#name, this.#commits, batch, signal);
    this.#continue();
    return results instanceof Promise ? results.finally(() => this.#continue()) : results;
  }

  async pause(signal: AbortSignal): Promise<void> {
    this.#fetching.pause();
    await this.#commits?.flush(signal);
  }

  async resume(): Promise<void> {
    this.#fetching.resume();
    this.#context.wakeup.wake();
  }

  /** With its time, because the offsets of a topic that was deleted begin again. */
  identify(delivery: core.Delivery): string {
    // The cast is true: the core asks about what this source has delivered.
    return `${delivery.position}/${(delivery as HeldDelivery).native.timestamp}`;
  }

  async flush(exposed: readonly core.Delivery[], signal: AbortSignal): Promise<void> {
    await this.#commits?.noteExposed(new Set(exposed), signal);
  }

  async keepProgress(delivery: core.Delivery, progress: core.RetryProgress): Promise<void> {
    // The cast is true: the core names what this source has delivered.
    const { log, native } = delivery as HeldDelivery;
    log.evidence.keepProgress(native.offset, progress);
    await this.#commits?.commitNow();
  }

  async close(signal: AbortSignal): Promise<void> {
    this.#fetching.pause();
    if (!this.#ending.over && !signal.aborted) await this.#assignment.leave(signal);
    this.#ending.end(unavailable("the source was closed"));
  }

  #takeNext(max: number): readonly HeldDelivery[] {
    const isBlocked = this.#fetching.isPaused || this.#context.partitions.isRebalancing || this.#commits?.isFull;
    if (isBlocked || this.#ending.over) return [];
    const { deliveries, unmarked } = this.#picker.pick(max, this.#state.context.clock.now());
    if (unmarked.length > 0) void this.#commits?.markOwner(unmarked);
    if (deliveries.length > 0) this.#fetching.wakeLoops();
    return deliveries;
  }

  /** After a settlement there may be room to fetch more, and something that may be delivered. */
  #continue(): void {
    this.#fetching.wakeLoops();
    this.#context.wakeup.wake();
  }

  /** Begins to read partitions that were added, or that had no leader before. */
  async #watchForPartitions(): Promise<void> {
    const { cluster, ended } = this.#context;
    try {
      for (;;) {
        await sleep(REFRESH_INTERVAL, undefined, { signal: ended });
        const haveChanged = await cluster.refreshAll(ended);
        this.#fetching.startLoops();
        if (haveChanged) await this.#assignment.partitionsAdded(ended);
      }
    } catch (error) {
      this.#ending.end(error);
    }
  }
}
