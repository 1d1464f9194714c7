import { setTimeout as sleep } from "node:timers/promises";
import { type BatchResult, type Broker, BrokerError, type Declared, type SendOptions } from "@anybroker/core";
import type { Step } from "../history/event.ts";
import type { Journal } from "../history/journal.ts";
import type { Draft, Drafts } from "./draft.ts";
import { DESTINATIONS } from "./sources.ts";

/** The body of the messages: for each source what its handler does. */
export type Body = Readonly<Record<string, Step>>;

type Outgoing = SendOptions<Declared> & { readonly id: string; readonly body: Body };

/** How messages reach one destination. */
interface Target {
  send(message: Outgoing): Promise<unknown>;
  sendBatch(messages: readonly Outgoing[]): Promise<readonly BatchResult[]>;
}

/** While this many sends have not ended, no further one begins. */
const MOST_IN_FLIGHT = 1_000;
/** The part of the calls that are a `sendBatch`, and the most messages of one. */
const BATCHES = 0.03;
const BATCH = 5;

/** Sends random messages through one broker object, and records each call and its outcome. */
export class Load {
  readonly #journal: Journal;
  readonly #drafts: Drafts;
  readonly #random: () => number;
  readonly #targets: ReadonlyMap<string, Target>;
  readonly #sends = new Set<Promise<void>>();
  #count = 0;

  constructor(broker: Broker, journal: Journal, drafts: Drafts, random: () => number) {
    this.#journal = journal;
    this.#drafts = drafts;
    this.#random = random;
    this.#targets = new Map(DESTINATIONS.map(({ name, kind, keyed }) => [name, targetOf(broker, name, kind, keyed)]));
  }

  /** Sends about `rate` messages a second until the signal aborts. */
  async run(rate: number, signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const messages = this.#random() < BATCHES ? BATCH : 1;
      if (this.#sends.size < MOST_IN_FLIGHT) this.#sendNext(messages);
      const wait = (-Math.log(1 - this.#random()) * 1_000 * messages) / rate;
      await sleep(wait, undefined, { signal }).catch(() => undefined);
    }
  }

  /** Sends one message. Resolves when that has succeeded or failed. */
  async send(draft: Draft): Promise<void> {
    const message = this.#begin(draft);
    try {
      await this.#target(draft).send(message);
      this.#journal.write({ type: "confirmed", message: message.id });
    } catch (error) {
      this.#rejected(message.id, error);
    }
  }

  /** Resolves when every send has ended. */
  async ended(): Promise<void> {
    await Promise.all(this.#sends);
  }

  #sendNext(messages: number): void {
    const first = this.#drafts.next();
    const sending = messages === 1 ? this.send(first) : this.#sendBatch(first, messages);
    this.#sends.add(sending);
    void sending.finally(() => this.#sends.delete(sending));
  }

  async #sendBatch(first: Draft, most: number): Promise<void> {
    const others = Array.from({ length: most - 1 }, () => this.#drafts.next()).filter(({ to }) => to === first.to);
    // The results come when the last message has ended. With one timeout for all they come in time for each.
    const messages = [first, ...others].map((draft) => this.#begin({ ...draft, timeout: first.timeout }));
    for (const { id, error } of await this.#target(first).sendBatch(messages)) {
      if (error === undefined) this.#journal.write({ type: "confirmed", message: id });
      else this.#rejected(id, error);
    }
  }

  #begin({ to, key, delay, steps, timeout }: Draft): Outgoing {
    this.#count += 1;
    const id = `m${this.#count}`;
    const options = { ...(key !== undefined && { key }), ...(delay !== undefined && { delay }) };
    this.#journal.write({ type: "send", message: id, to: to.name, ...options, ...(steps && { steps }) });
    return { id, body: steps ?? {}, timeout, ...options };
  }

  #rejected(message: string, error: unknown): void {
    if (!(error instanceof BrokerError)) throw error;
    const { code, outcomeUnknown } = error;
    this.#journal.write({ type: "rejected", message, code, outcomeUnknown });
  }

  #target({ to }: Draft): Target {
    const target = this.#targets.get(to.name);
    if (target === undefined) throw new Error(`no destination ${to.name}`);
    return target;
  }
}

function targetOf(broker: Broker, name: string, kind: "queue" | "topic", ordered: boolean): Target {
  if (kind === "queue") {
    const queue = broker.queue<Body>(name, { ordered });
    return {
      send: ({ body, ...options }) => queue.send(body, options),
      sendBatch: (messages) => queue.sendBatch(messages),
    };
  }
  const topic = broker.topic<Body>(name);
  return {
    send: ({ body, ...options }) => topic.publish(body, options),
    sendBatch: (messages) => topic.publishBatch(messages),
  };
}
