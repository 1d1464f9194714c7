import { setTimeout as sleep } from "node:timers/promises";
import { BrokerError, orAborted } from "@anybroker/core/driver";
import { assign, readAssignment, readWish, writeAssignment, writeWish } from "./assignment.ts";
import type { Committed, Member, Place, Session } from "./client.ts";
import { CODES, codeOf, PROTOCOL } from "./client.ts";
import type { Cluster } from "./cluster.ts";
import { classify } from "./errors.ts";

/** Milliseconds between two tries while a group's coordinator is starting or moving. */
const AGAIN = 50;

/** As many for a coordinator that is down: for longer than a cluster takes to know that. */
const TRIES = 300;

const MOVING: readonly number[] = [CODES.coordinatorLoading, CODES.coordinatorNotAvailable, CODES.notCoordinator];

/** What a group has come to; nobody needs to be a member for this. */
export class Group {
  readonly name: string;
  protected readonly session: Session;
  #node: number | undefined;

  constructor(session: Session, name: string) {
    this.session = session;
    this.name = name;
  }

  committed(places: readonly Place[], signal: AbortSignal): Promise<readonly Committed[]> {
    return this.ask(signal, (node) => this.session.committed(node, this.name, places));
  }

  /** Throws `NOT_FOUND` unless the group has an offset in one of the places. */
  async mustHaveBegun(places: readonly Place[], signal: AbortSignal): Promise<void> {
    const offsets = await this.committed(places, signal);
    if (offsets.some(({ offset }) => offset >= 0)) return;
    throw new BrokerError("NOT_FOUND", `group ${this.name} has no offsets in topic ${places[0]?.topic}`);
  }

  /** By nobody: refused as soon as the group has a member. */
  begin(offsets: readonly Committed[], signal: AbortSignal): Promise<void> {
    return this.ask(signal, (node) => this.session.commit(node, { group: this.name, id: "", generation: -1 }, offsets));
  }

  leave(id: string, signal: AbortSignal): Promise<void> {
    return this.ask(signal, (node) => this.session.leave(node, this.name, id));
  }

  /** Asks the coordinator, waiting while it starts or moves. */
  protected async ask<T>(signal: AbortSignal, ask: (node: number) => Promise<T>): Promise<T> {
    for (let tries = TRIES; ; tries -= 1) {
      try {
        this.#node ??= await orAborted(this.session.coordinator(this.name), signal);
        return await orAborted(ask(this.#node), signal);
      } catch (error) {
        const code = codeOf(error);
        // A node that cannot be reached coordinates nothing any more, as soon as the cluster knows.
        const down = code === undefined && tries > 0 && classify(error).code === "UNAVAILABLE";
        if (signal.aborted || !(down || MOVING.includes(code ?? 0))) throw error;
        this.#node = undefined;
        await sleep(AGAIN, undefined, { signal });
      }
    }
  }
}

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
