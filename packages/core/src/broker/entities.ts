import type { QueueOptions, SubscriptionOptions, TopicOptions } from "../api/destinations.ts";
import { checkKeys, integer, show } from "../base/check.ts";
import { BrokerError } from "../base/errors.ts";
import type { QueueEntity, SubscriptionEntity, TopicEntity } from "../contract/entities.ts";
import type { Connection } from "../link/connection.ts";
import { fullFilter } from "../receiving/filter.ts";
import { checkName, checkSubscriptionName } from "./names.ts";
import { Registry } from "./registry.ts";

const CENTURY = 3_155_760_000_000;

/** Creates the entities of handles from their options. Checks the options, also against the broker's capabilities. */
export class EntityMaker {
  readonly #connection: Connection;
  readonly #registry = new Registry();

  constructor(connection: Connection) {
    this.#connection = connection;
  }

  queue(name: string, options: QueueOptions): QueueEntity {
    checkName("queue", name, this.#connection.capabilities.limits);
    checkKeys(`queue ${name}`, options, ["schema", "codec", "ordered"]);
    return this.#registry.add({ kind: "queue", name, ordered: this.#ordered(`queue ${name}`, options.ordered) });
  }

  topic(name: string, options: TopicOptions): TopicEntity {
    checkName("topic", name, this.#connection.capabilities.limits);
    checkKeys(`topic ${name}`, options, ["schema", "codec", "retention"]);
    const retention = integer(`topic ${name}: retention`, options.retention as number | undefined, 0, 0, CENTURY);
    if (retention > 0) this.#connection.requireFeature("from", `topic ${name}: retention`);
    return this.#registry.add({ kind: "topic", name, retention });
  }

  subscription(topic: TopicEntity, name: string, options: SubscriptionOptions): SubscriptionEntity {
    checkSubscriptionName(name);
    const what = `subscription ${name} of topic ${topic.name}`;
    checkKeys(what, options, ["ordered", "filter", "from", "durable"]);
    const { durable = true } = options;
    if (typeof durable !== "boolean") throw new TypeError(`${what}: durable must be a boolean, not ${show(durable)}`);
    if (!durable) this.#connection.requireFeature("ephemeral", `${what}: durable: false`);
    // The cast is true: the type only excludes the option for drivers without the feature.
    const filter = fullFilter(options.filter as Readonly<Record<string, string | readonly string[]>> | undefined);
    if (filter !== undefined) this.#connection.requireFeature("filter", `${what}: filter`);
    const ordered = this.#ordered(what, options.ordered);
    const from = this.#from(what, topic, options.from);
    return this.#registry.add({ kind: "subscription", name, topic, ordered, filter, from, durable });
  }

  #from(what: string, topic: TopicEntity, from: SubscriptionOptions["from"] = "latest"): "latest" | "earliest" | Date {
    const isDate = from instanceof Date && !Number.isNaN(from.getTime());
    if (from !== "latest" && from !== "earliest" && !isDate) {
      throw new TypeError(`${what}: from must be "latest", "earliest" or a valid Date, not ${show(from)}`);
    }
    if (from === "latest") return from;
    this.#connection.requireFeature("from", `${what}: from`);
    if (topic.retention === 0) throw new TypeError(`${what}: from needs a topic with a retention`);
    return from;
  }

  #ordered(what: string, ordered: unknown = false): boolean {
    if (typeof ordered !== "boolean") throw new TypeError(`${what}: ordered must be a boolean, not ${show(ordered)}`);
    const connection = this.#connection;
    if (ordered && connection.capabilities.ordering === "none") {
      throw new BrokerError("UNSUPPORTED", `${what}: ${connection.driver.name} keeps no order by key (ordering)`);
    }
    return ordered;
  }
}
