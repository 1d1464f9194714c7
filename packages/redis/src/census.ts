import type { Connection } from "./connection.ts";

/** The server is asked at most this often, in milliseconds; later the longer its answer was. */
const ASK_EVERY = 1_000;
const BYTES_A_MS = 20;

/** In the name of a consumer whose connection may not have a name: it would be taken for dead. */
export const UNSEEN = "unseen-";
const SEEN = new RegExp(`^anybroker-(?!.*${UNSEEN})`);

/**
 * Who of the consumers lives. A consumer lives as long as the connection on which it reads, which has its name: so the
 * server knows at once of one whose process has died. Where it does not tell, what that one held is free when its lease
 * has ended.
 */
export class Census {
  /** Consumers of this driver that are open. */
  readonly own: Set<string>;
  readonly #connection: Connection;
  #dead: readonly string[] = [];
  #next = 0;

  /** The nodes of a Cluster know their own connections only, so there nobody is asked. */
  constructor(connection: Connection, own: Set<string>, cluster: boolean) {
    this.#connection = connection;
    this.own = own;
    if (cluster) this.#next = Number.POSITIVE_INFINITY;
  }

  /** As scripts take it: those of ours that live, and those of others that do not. */
  known(): readonly string[] {
    return [...this.own, "", ...this.#dead];
  }

  /** These have not been heard of for a while. */
  doubt(names: readonly string[]): void {
    const ours = names.filter((name) => SEEN.test(name) && !this.#dead.includes(name));
    if (ours.length === 0 || Date.now() < this.#next) return;
    this.#next = Number.POSITIVE_INFINITY;
    void this.#ask(ours);
  }

  async #ask(names: readonly string[]): Promise<void> {
    const list = String(await this.#connection.command("CLIENT", "LIST").catch(() => ""));
    const there = new Set([...list.matchAll(/ name=(anybroker-\S+)/g)].map(([, name]) => name));
    // A list in which we are not is not of the server that the others read from.
    const trusted = [...this.own].some((name) => there.has(name));
    this.#dead = trusted ? [...this.#dead, ...names].filter((name) => !there.has(name)).slice(-100) : [];
    this.#next = Date.now() + ASK_EVERY + list.length / BYTES_A_MS;
  }
}
