import { Group } from "../cluster/group.ts";
import type { Cluster } from "../cluster/metadata.ts";
import { PROTOCOL, type Session } from "../cluster/session.ts";
import { CODES, codeOf } from "../protocol/error-codes.ts";
import { readAssignment, readWish, writeAssignment, writeWish } from "../protocol/group-protocol.ts";
import type { Committed, Member } from "../protocol/requests.ts";
import type { Place } from "../protocol/topic-partition.ts";
import { assign } from "./assignment.ts";

/** One member of a group. */
export class Membership extends Group {
  readonly #cluster: Cluster;
  readonly #lease: number;
  /** As of the last time it joined. */
  member: Member;
  /** Whether it is the one that shares out. */
  leads = false;

  constructor(session: Session, cluster: Cluster, name: string, lease: number) {
    super(session, name);
    this.#cluster = cluster;
    this.#lease = lease;
    this.member = { group: name, id: "", generation: -1 };
  }

  /** Joins, for the first time or again, and answers which partitions are ours now. */
  async join(topics: readonly string[], owned: readonly Place[], signal: AbortSignal): Promise<readonly Place[]> {
    for (;;) {
      try {
        return await this.#joinOnce(topics, owned, signal);
      } catch (error) {
        const code = codeOf(error);
        // A coordinator that has only just started may forget the name that it has given to somebody who is to join.
        const forgotten = code === CODES.unknownMember && this.member.id === "";
        if (code !== CODES.rebalancing && !forgotten) throw error;
      }
    }
  }

  async #joinOnce(topics: readonly string[], owned: readonly Place[], signal: AbortSignal): Promise<readonly Place[]> {
    const joining = {
      ...{ group: this.name, id: this.member.id, session: this.#lease, protocol: PROTOCOL },
      metadata: writeWish({ topics, owned }),
    };
    const { member, leads, members } = await this.ask(signal, (node) => this.session.join(node, joining));
    this.member = member;
    this.leads = leads;
    const shares = new Map<string, Buffer>();
    if (leads) {
      const wishes = new Map(members.map(({ id, metadata }) => [id, readWish(metadata)]));
      const all = [...new Set([...wishes.values()].flatMap((wish) => wish.topics))];
      const partitions = new Map<string, number>();
      for (const topic of await this.#cluster.look(all, signal)) {
        partitions.set(topic, this.#cluster.known(topic)?.length ?? 0);
      }
      for (const [id, places] of assign(wishes, partitions)) shares.set(id, writeAssignment(places));
    }
    return readAssignment(await this.ask(signal, (node) => this.session.sync(node, member, shares)));
  }

  /** It is no member any more. */
  left(): void {
    this.member = { group: this.name, id: "", generation: -1 };
  }

  beat(signal: AbortSignal): Promise<void> {
    return this.ask(signal, (node) => this.session.heartbeat(node, this.member));
  }

  commit(offsets: readonly Committed[], signal: AbortSignal): Promise<void> {
    return this.ask(signal, (node) => this.session.commit(node, this.member, offsets));
  }
}
