import type { Broker, Removal } from "../api/broker.ts";
import { checkKeys, checkSignal, entriesOf, show } from "../base/check.ts";
import { BrokerError } from "../base/errors.ts";
import type { Limits } from "../contract/capabilities.ts";
import { describeEntity, type Entity, type TopicEntity } from "../contract/entities.ts";
import type { Link } from "../contract/link.ts";
import { askLink } from "./ask-link.ts";
import type { BrokerContext } from "./context.ts";
import { checkName, checkSubscriptionName } from "./names.ts";

/** How long a call may take, in ms. */
const TIMEOUT = 60_000;
/** How many entities an error names. */
const NAMED = 5;

/** Creates the methods of a broker object that take something away. */
export function removalOf(context: BrokerContext): Pick<Broker, "delete" | "purge"> {
  const { connection, declarations } = context;
  const run = async (
    verb: "delete" | "purge",
    entities: readonly Entity[],
    signal: AbortSignal | undefined,
    request: (link: Link, signal: AbortSignal) => Promise<void> | undefined,
  ): Promise<void> => {
    const what = `${verb === "delete" ? "deleting" : "purging"} ${listed(entities)}`;
    connection.requireFeature(verb, what);
    await askLink(context, what, TIMEOUT, signal, async (link, stop) => {
      const requested = request(link, stop);
      if (requested === undefined) throw new BrokerError("INTERNAL", `${what}: the driver declares it and lacks it`);
      await requested;
    });
    connection.log.info(`${verb}d ${listed(entities)}`);
  };
  const check = (verb: string, what: Removal, options: { readonly signal?: unknown }): readonly Entity[] => {
    checkKeys(verb, options, ["signal"]);
    checkSignal(verb, options.signal);
    return entitiesOf(verb, what, connection.capabilities.limits);
  };
  return {
    async delete(what, options = {}) {
      const entities = check("delete", what, options);
      try {
        await run("delete", entities, options.signal, (link, stop) => link.remove?.(entities, stop));
      } finally {
        // Some may be gone even where the call has failed.
        for (const entity of entities) declarations.forget(entity);
      }
    },
    async purge(what, options = {}) {
      const entities = check("purge", what, options);
      await run("purge", entities, options.signal, (link, stop) => link.purge?.(entities, stop));
    },
  };
}

/** The entities that are meant, topics last. Their options are unknown, and do not matter. */
function entitiesOf(verb: string, what: Removal, limits: Limits): readonly Entity[] {
  checkKeys(verb, what, ["queues", "topics"]);
  const queues = namesOf(`${verb}: queues`, what.queues ?? []).map((name): Entity => {
    checkName("queue", name, limits);
    return { kind: "queue", name, ordered: false };
  });
  const topics: TopicEntity[] = [];
  const subscriptions: Entity[] = [];
  for (const [name, meant] of entriesOf(`${verb}: topics`, what.topics)) {
    checkName("topic", name, limits);
    // An empty list in place of the object would otherwise mean the whole topic.
    if (Array.isArray(meant)) throw new TypeError(`${verb}: topic ${name} must be an object, not ${show(meant)}`);
    checkKeys(`${verb}: topic ${name}`, meant, ["subscriptions"]);
    const topic: TopicEntity = { kind: "topic", name, retention: 0 };
    if (meant.subscriptions === undefined) topics.push(topic);
    else subscriptions.push(...subscriptionsOf(verb, topic, meant.subscriptions));
  }
  return [...queues, ...subscriptions, ...topics];
}

function subscriptionsOf(verb: string, topic: TopicEntity, given: readonly string[]): readonly Entity[] {
  return namesOf(`${verb}: topic ${topic.name}: subscriptions`, given).map((name) => {
    checkSubscriptionName(name);
    return { kind: "subscription", name, topic, ordered: false, filter: undefined, from: "latest", durable: true };
  });
}

function namesOf(what: string, names: readonly string[]): readonly string[] {
  if (Array.isArray(names)) return names;
  throw new TypeError(`${what} must be an array of names, not ${show(names)}`);
}

function listed(entities: readonly Entity[]): string {
  const named = entities.slice(0, NAMED).map(describeEntity).join(", ");
  if (entities.length === 0) return "nothing";
  return entities.length > NAMED ? `${named} and ${entities.length - NAMED} more` : named;
}
