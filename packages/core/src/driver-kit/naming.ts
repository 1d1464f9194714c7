import type { SourceEntity } from "../contract/entities.ts";

/** Existing physical names for logical ones. A subscription's logical name is `topic/subscription`. */
export interface NamingOptions {
  readonly queues?: Readonly<Record<string, string>>;
  readonly topics?: Readonly<Record<string, string>>;
  readonly subscriptions?: Readonly<Record<string, string>>;
}

/** The names that entities have on the broker: mapped ones as they are mapped, all others by the common scheme. */
export class Naming {
  readonly #options: NamingOptions;

  constructor(options: NamingOptions = {}) {
    this.#options = options;
  }

  queue(name: string): string {
    return this.#options.queues?.[name] ?? name;
  }

  topic(name: string): string {
    return this.#options.topics?.[name] ?? name;
  }

  /** The queue itself, or `T.sub.S`. */
  source(source: SourceEntity): string {
    if (source.kind === "queue") return this.queue(source.name);
    const mapped = this.#options.subscriptions?.[`${source.topic.name}/${source.name}`];
    return mapped ?? `${this.topic(source.topic.name)}.sub.${source.name}`;
  }
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
