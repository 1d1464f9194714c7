import type { SourceEntity } from "../contract/entities.ts";
import { invalidConfig } from "./failures.ts";
import { checkOptionNames } from "./option-names.ts";

/** Maps logical names to existing names on the broker. The logical name of a subscription is `topic/subscription`. */
export interface NamingOptions {
  /** The names of queues on the broker, by the names that the program uses. */
  readonly queues?: Readonly<Record<string, string>> | undefined;
  /** The names of topics on the broker, by the names that the program uses. */
  readonly topics?: Readonly<Record<string, string>> | undefined;
  /** The names of subscriptions on the broker, by `topic/subscription`. */
  readonly subscriptions?: Readonly<Record<string, string>> | undefined;
}

/** Checks the option `naming` of an adapter. Throws `INVALID_CONFIG` for an unknown property or a wrong value. */
export function checkNaming(naming: unknown): NamingOptions {
  checkOptionNames("naming", naming, ["queues", "topics", "subscriptions"]);
  for (const [kind, names] of Object.entries(naming)) {
    const isObject = typeof names === "object" && names !== null && !Array.isArray(names);
    if (names === undefined || (isObject && Object.values(names).every((name) => typeof name === "string"))) continue;
    throw invalidConfig(`naming.${kind} must be an object of names, by the names that the program uses`);
  }
  return naming;
}

type NameMap = Readonly<Record<string, string>>;

/** Returns the names of entities on the broker: the mapped name if there is one, else the name by the common scheme. */
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

  /** Returns the name of a queue or subscription. By the common scheme a subscription is `T.sub.S`. */
  source(source: SourceEntity): string {
    if (source.kind === "queue") return this.queue(source.name);
    const mapped = this.#subscriptions[`${source.topic.name}/${source.name}`];
    return mapped ?? `${this.topic(source.topic.name)}.sub.${source.name}`;
  }
}

/** The copy has no prototype, so that `constructor` is a name like any other. */
function nameMap(names: NameMap | undefined): NameMap {
  return Object.assign(Object.create(null), names);
}

/** Returns the name for the dead letters of a queue or subscription: `Q.dlq` or `T.sub.S.dlq`. */
export function deadLettersName(source: string): string {
  return `${source}.dlq`;
}

/** Returns the name of one step of a delay ladder: `Q.delay.<ms>` or `T.delay.<ms>`. */
export function delayStepName(destination: string, ms: number): string {
  return `${destination}.delay.${ms}`;
}

/** Returns the name of one step of a return queue's ladder: `Q.retry.<ms>` or `T.sub.S.retry.<ms>`. */
export function retryStepName(source: string, ms: number): string {
  return `${source}.retry.${ms}`;
}
