import { setTimeout as sleep } from "node:timers/promises";
import type { Cluster } from "../cluster/cluster.ts";
import { Group } from "../cluster/group.ts";
import type { AbandonedMembers } from "../cluster/link-state.ts";
import { GROUP_PROTOCOL, type Session } from "../cluster/session.ts";
import { CODES, kafkaCodeOf } from "../protocol/error-codes.ts";
import {
  decodeAssignment,
  decodeMemberMetadata,
  encodeAssignment,
  encodeMemberMetadata,
  type MemberMetadata,
} from "../protocol/group-protocol.ts";
import type { CommittedOffset, JoinResult, Member } from "../protocol/requests.ts";
import type { TopicPartition } from "../protocol/topic-partition.ts";
import { assignPartitions } from "./assignor.ts";

/** The time between two heartbeats, in ms. A member learns of a rebalance by the next one. */
const HEARTBEAT_INTERVAL = 500;

/** The membership of one consumer in a group. */
export class Membership {
  readonly group: Group;
  readonly #session: Session;
  readonly #cluster: Cluster;
  /** How long the server waits for a heartbeat before it removes the member, in ms. */
  readonly #sessionTimeout: number;
  readonly #abandonedMembers: AbandonedMembers;
  /** As of the last join. */
  #member: Member;
  #isLeader = false;
  #wantsRebalance = false;

  constructor(
    session: Session,
    cluster: Cluster,
    group: string,
    sessionTimeout: number,
    abandonedMembers: AbandonedMembers,
  ) {
    this.group = new Group(session, group);
    this.#session = session;
    this.#cluster = cluster;
    this.#sessionTimeout = sessionTimeout;
    this.#abandonedMembers = abandonedMembers;
    this.#member = noMember(group);
  }

  /** Whether this member assigns the partitions of all members. */
  get isLeader(): boolean {
    return this.#isLeader;
  }

  /** Joins for the first time or again. Returns the partitions that this member now has. */
  async join(wish: MemberMetadata, signal: AbortSignal): Promise<readonly TopicPartition[]> {
    for (;;) {
      try {
        return await this.#joinOnce(wish, signal);
      } catch (error) {
        const code = kafkaCodeOf(error);
        // A coordinator that has just started may forget the id that it gave to a member that is about to join.
        const isForgotten = code === CODES.unknownMember && this.#member.id === "";
        if (code !== CODES.rebalancing && !isForgotten) throw error;
      }
    }
  }

  /**
   * Sends heartbeats, also while handlers run, until this member must join again. Rejects when the membership is lost or
   * the signal aborts.
   */
  async untilRebalance(signal: AbortSignal): Promise<void> {
    do {
      await sleep(HEARTBEAT_INTERVAL, undefined, { signal });
      try {
        await this.group.askCoordinator(signal, (node) => this.#session.heartbeat(node, this.#member));
      } catch (error) {
        if (kafkaCodeOf(error) !== CODES.rebalancing) throw error;
        break;
      }
    } while (!this.#wantsRebalance);
    this.#wantsRebalance = false;
  }

  /** Makes the group rebalance after the next heartbeat. */
  requestRebalance(): void {
    this.#wantsRebalance = true;
  }

  commit(offsets: readonly CommittedOffset[], signal: AbortSignal): Promise<void> {
    return this.group.askCoordinator(signal, (node) => this.#session.commitOffsets(node, this.#member, offsets));
  }

  async leave(signal: AbortSignal): Promise<void> {
    await this.group.removeMember(this.#member.id, signal);
    this.#member = noMember(this.group.name);
  }

  /** Records a member that ends without leaving, so that the next one of this driver can remove it. */
  abandon(): void {
    if (this.#member.id === "") return;
    const ids = this.#abandonedMembers.get(this.group.name) ?? new Set();
    this.#abandonedMembers.set(this.group.name, ids.add(this.#member.id));
  }

  /** Removes members that this driver has abandoned. The server may have removed them already. */
  async removeAbandonedMembers(signal: AbortSignal): Promise<void> {
    const ids = this.#abandonedMembers.get(this.group.name) ?? new Set();
    for (const id of ids) {
      await this.group.removeMember(id, signal).catch(() => {});
      ids.delete(id);
    }
  }

  async #joinOnce(wish: MemberMetadata, signal: AbortSignal): Promise<readonly TopicPartition[]> {
    const request = {
      group: this.group.name,
      id: this.#member.id,
      sessionTimeout: this.#sessionTimeout,
      protocol: GROUP_PROTOCOL,
      metadata: encodeMemberMetadata(wish),
    };
    const joined = await this.group.askCoordinator(signal, (node) => this.#session.joinGroup(node, request));
    this.#member = joined.member;
    this.#isLeader = joined.isLeader;
    const assignments = joined.isLeader ? await this.#assignAll(joined.members, signal) : new Map<string, Buffer>();
    const assignment = await this.group.askCoordinator(signal, (node) =>
      this.#session.syncGroup(node, joined.member, assignments),
    );
    return decodeAssignment(assignment);
  }

  /** As the leader of the group: the assignment of each member. */
  async #assignAll(members: JoinResult["members"], signal: AbortSignal): Promise<ReadonlyMap<string, Buffer>> {
    const metadata = new Map(members.map((member) => [member.id, decodeMemberMetadata(member.metadata)]));
    const topics = new Set([...metadata.values()].flatMap((one) => one.topics));
    const counts = new Map<string, number>();
    for (const topic of await this.#cluster.refresh([...topics], signal)) {
      counts.set(topic, this.#cluster.knownLeaders(topic)?.length ?? 0);
    }
    const assignments = new Map<string, Buffer>();
    for (const [id, partitions] of assignPartitions(metadata, counts)) {
      assignments.set(id, encodeAssignment(partitions));
    }
    return assignments;
  }
}

function noMember(group: string): Member {
  return { group, id: "", generation: -1 };
}
