import type { Connection } from "../connection.ts";
import type { ConsumerLists } from "../scripts/lua/consumer-lists.ts";
import { canBeLookedUp } from "../topology.ts";

/** How often the server is asked at most, in ms. A long list of clients makes the interval longer. */
const LOOKUP_INTERVAL = 1_000;
/** The interval grows by one ms for so many bytes of the list. */
const BYTES_PER_MS = 20;
/** How many dead consumers are remembered. */
const MAX_DEAD = 100;

/**
 * Which consumers are alive. A consumer lives as long as the connection on which it reads, and that connection has the
 * consumer's name. So `CLIENT LIST` tells of a dead process at once. Where the server does not tell, the entries of a
 * dead consumer are free when its lease has ended.
 */
export class LivingConsumers implements ConsumerLists {
  readonly ownPrefix: string;
  readonly living: Set<string>;
  readonly #connection: Connection;
  #dead: readonly string[] = [];
  #nextLookup: number;

  /**
   * `living` holds the open consumers of all links of this driver, whose names begin with `ownPrefix`. A node of a
   * Cluster knows only its own connections, so there the server is never asked.
   */
  constructor(connection: Connection, ownPrefix: string, living: Set<string>, cluster: boolean) {
    this.#connection = connection;
    this.ownPrefix = ownPrefix;
    this.living = living;
    this.#nextLookup = cluster ? Number.POSITIVE_INFINITY : 0;
  }

  get dead(): readonly string[] {
    return this.#dead;
  }

  /** Looks up on the server whether these consumers, which have done nothing for a while, are still connected. */
  checkSilent(names: readonly string[]): void {
    const unknown = names.filter((name) => canBeLookedUp(name) && !this.#dead.includes(name));
    if (unknown.length === 0 || Date.now() < this.#nextLookup) return;
    this.#nextLookup = Number.POSITIVE_INFINITY;
    void this.#lookUp(unknown);
  }

  async #lookUp(names: readonly string[]): Promise<void> {
    const list = String(await this.#connection.command("CLIENT", "LIST").catch(() => ""));
    const connected = new Set([...list.matchAll(/ name=(anybroker-\S+)/g)].map(([, name]) => name));
    // A list without our own consumers comes from another server than the one that the consumers read from.
    const trusted = [...this.living].some((name) => connected.has(name));
    const suspects = trusted ? [...this.#dead, ...names] : [];
    this.#dead = suspects.filter((name) => !connected.has(name)).slice(-MAX_DEAD);
    this.#nextLookup = Date.now() + LOOKUP_INTERVAL + list.length / BYTES_PER_MS;
  }
}
