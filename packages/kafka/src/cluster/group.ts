import { setTimeout as sleep } from "node:timers/promises";
import { BrokerError, orAborted } from "@anybroker/core/driver";
import { classify } from "../errors.ts";
import { CODES, codeOf } from "../protocol/error-codes.ts";
import type { Committed } from "../protocol/requests.ts";
import type { Place } from "../protocol/topic-partition.ts";
import type { Session } from "./session.ts";

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
