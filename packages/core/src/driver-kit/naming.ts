import type { SourceEntity } from "../contract/entities.ts";

/** Existing physical names for logical ones. A subscription's logical name is `topic/subscription`. */
export interface NamingOptions {
  readonly queues?: Readonly<Record<string, string>>;
  readonly topics?: Readonly<Record<string, string>>;
  readonly subscriptions?: Readonly<Record<string, string>>;
}

type NameMap = Readonly<Record<string, string>>;

/** The names that entities have on the broker: mapped ones as they are mapped, all others by the common scheme. */
export class Naming {
  readonly #queues: NameMap;
  readonly #topics: NameMap;
  readonly #subscriptions: NameMap;

  constructor(options: NamingOptions = {}) {
    this.#queues = nameMap(options.queues);
    this.#topics = nameMap(options.topics);
    this.#subscriptions = nameMap(options.subscriptions);
  }

  queue(name: string): string {
    return this.#queues[name] ?? name;
  }

  topic(name: string): string {
    return this.#topics[name] ?? name;
  }

  /** The queue itself, or `T.sub.S`. */
  source(source: SourceEntity): string {
    if (source.kind === "queue") return this.queue(source.name);
    const mapped = this.#subscriptions[`${source.topic.name}/${source.name}`];
    return mapped ?? `${this.topic(source.topic.name)}.sub.${source.name}`;
  }
}

/** Without a prototype, so that `constructor` is a name like any other. */
function nameMap(names: NameMap | undefined): NameMap {
  return Object.assign(Object.create(null), names);
}

/** `Q.dlq` or `T.sub.S.dlq`: the dead letters of a queue or subscription. */
export function deadLettersName(source: string): string {
  return `${source}.dlq`;
}

/** `Q.delay.<ms>` or `T.delay.<ms>`: one step of a delay ladder. */
export function delayStepName(destination: string, ms: number): string {
  return `${destination}.delay.${ms}`;
}

/** `Q.retry.<ms>` or `T.sub.S.retry.<ms>`: one step of a return queue's ladder. */
export function retryStepName(source: string, ms: number): string {
  return `${source}.retry.${ms}`;
}
