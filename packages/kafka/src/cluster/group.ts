import { setTimeout as sleep } from "node:timers/promises";
import { notFound, orAborted } from "@anybroker/core/driver";
import { classify } from "../errors.ts";
import { CODES, kafkaCodeOf } from "../protocol/error-codes.ts";
import type { CommittedOffset } from "../protocol/requests.ts";
import type { TopicPartition } from "../protocol/topic-partition.ts";
import type { Session } from "./session.ts";

/** How long to wait before asking again while a group's coordinator starts or moves, in ms. */
const RETRY_WAIT = 50;

/** How often to ask while the coordinator is down. It is for longer than a cluster takes to notice that. */
const RETRIES_WHILE_DOWN = 300;

/** The errors of a coordinator that starts or moves. */
const MOVING: readonly number[] = [CODES.coordinatorLoading, CODES.coordinatorNotAvailable, CODES.notCoordinator];

/**
 * The metadata of offsets of a subscription that was deleted under running consumers. The offsets are the end of the topic,
 * so that a consumer which opens in the middle of the deletion begins there.
 */
const DELETED = "anybroker-deleted";

/** A consumer group, as far as no membership is needed. */
export class Group {
  readonly name: string;
  readonly #session: Session;
  #coordinator: number | undefined;

  constructor(session: Session, name: string) {
    this.#session = session;
    this.name = name;
  }

  committedOffsets(partitions: readonly TopicPartition[], signal: AbortSignal): Promise<readonly CommittedOffset[]> {
    return this.askCoordinator(signal, (node) => this.#session.committedOffsets(node, this.name, partitions));
  }

  /** Rejects with `NOT_FOUND` unless the group has an offset in one of the partitions. */
  async requireOffsets(partitions: readonly TopicPartition[], signal: AbortSignal): Promise<void> {
    const committed = await this.committedOffsets(partitions, signal);
    if (committed.some((one) => one.offset >= 0 && !isDeleted(one))) return;
    throw notFound(`group ${this.name} has no offsets in topic ${partitions[0]?.topic}`);
  }

  /** Commits offsets that stand for a subscription which was deleted: see {@link isDeleted}. */
  commitAsDeleted(offsets: readonly CommittedOffset[], signal: AbortSignal): Promise<void> {
    return this.commitAsOutsider(
      offsets.map((one) => ({ ...one, metadata: DELETED })),
      signal,
    );
  }

  /** Commits offsets without being a member. The server refuses that as soon as the group has a member. */
  commitAsOutsider(offsets: readonly CommittedOffset[], signal: AbortSignal): Promise<void> {
    const noMember = { group: this.name, id: "", generation: -1 };
    return this.askCoordinator(signal, (node) => this.#session.commitOffsets(node, noMember, offsets));
  }

  removeMember(id: string, signal: AbortSignal): Promise<void> {
    return this.askCoordinator(signal, (node) => this.#session.leaveGroup(node, this.name, id));
  }

  /** Removes all members, and returns how many there were. They notice by their next heartbeat. */
  async removeMembers(signal: AbortSignal): Promise<number> {
    const members = await this.askCoordinator(signal, (node) => this.#session.groupMembers(node, this.name));
    await Promise.all(members.map((id) => this.removeMember(id, signal)));
    return members.length;
  }

  /** Deletes the group with its offsets. Its members are removed, as often as they join again meanwhile. */
  async delete(signal: AbortSignal): Promise<void> {
    for (;;) {
      await this.removeMembers(signal);
      try {
        return await this.askCoordinator(signal, (node) => this.#session.deleteGroup(node, this.name));
      } catch (error) {
        const code = kafkaCodeOf(error);
        if (code === CODES.noSuchGroup) return;
        if (code !== CODES.groupNotEmpty) throw error;
        await sleep(RETRY_WAIT, undefined, { signal });
      }
    }
  }

  /** Sends a request to the coordinator. Waits while the coordinator starts or moves. */
  async askCoordinator<T>(signal: AbortSignal, ask: (node: number) => Promise<T>): Promise<T> {
    for (let retries = RETRIES_WHILE_DOWN; ; retries -= 1) {
      try {
        this.#coordinator ??= await orAborted(this.#session.findCoordinator(this.name), signal);
        return await orAborted(ask(this.#coordinator), signal);
      } catch (error) {
        const code = kafkaCodeOf(error);
        // A node that cannot be reached is replaced as coordinator as soon as the cluster notices.
        const isDown = code === undefined && retries > 0 && classify(error).code === "UNAVAILABLE";
        if (signal.aborted || !(isDown || MOVING.includes(code ?? 0))) throw error;
        this.#coordinator = undefined;
        await sleep(RETRY_WAIT, undefined, { signal });
      }
    }
  }
}

/** Whether an offset is what is left of a subscription that was deleted under running consumers. */
export function isDeleted({ metadata }: CommittedOffset): boolean {
  return metadata === DELETED;
}
