import type { AccessKey } from "../access/access.ts";
import { type Entity, QueueEntity, SubscriptionEntity, TopicEntity } from "../entities/entity.ts";
import type { Namespace } from "../entities/namespace.ts";
import type { SubscriptionRule } from "../entities/rules.ts";
import type { Rule } from "../filters/rule.ts";
import type {
  EntityResource,
  MessageCounts,
  QueueDescription,
  Resource,
  SubscriptionDescription,
  TopicDescription,
} from "./descriptions.ts";
import type { Collection, EntityAdmin } from "./entity-admin.ts";
import { type Extras, extrasOf, NO_EXTRAS, optionsOf, queueOf, subscriptionOf, topicOf } from "./entity-options.ts";

/** The administration of the entities of a namespace. */
export interface NamespaceAdmin extends EntityAdmin {
  /** The keys that entities have. */
  keys(): Iterable<AccessKey>;
}

/** Makes the administration API work on the entities of a namespace. */
export function namespaceAdmin(namespace: Namespace): NamespaceAdmin {
  // What the API knows of an entity and the entity does not need.
  const extras = new WeakMap<Entity, Extras>();
  const extrasFor = (entity: Entity): Extras => extras.get(entity) ?? NO_EXTRAS;

  const queues: Entities<QueueDescription, QueueEntity> = {
    all: () => [...namespace.entities()].filter(isQueue),
    find: (name) => only(namespace.find(name), isQueue),
    create: (name, description) => namespace.createQueue(name, optionsOf(description)),
    delete: (name) => namespace.delete(name),
    describe: (entity) => queueOf(entity.options, extrasFor(entity)),
    nameOf: (entity) => entity.path,
  };
  const topics: Entities<TopicDescription, TopicEntity> = {
    all: () => [...namespace.entities()].filter(isTopic),
    find: (name) => only(namespace.find(name), isTopic),
    create: (name, description) => namespace.createTopic(name, optionsOf(description)),
    delete: (name) => namespace.delete(name),
    describe: (entity) => topicOf(entity.options, extrasFor(entity)),
    nameOf: (entity) => entity.path,
  };
  const subscriptionsOf = (topic: TopicEntity): Entities<SubscriptionDescription, SubscriptionEntity> => ({
    all: () => [...topic.subscriptions.values()],
    find: (name) => topic.subscriptions.get(name.toLowerCase()),
    create: (name, description) => {
      const { defaultRule } = description;
      const rules = defaultRule === undefined ? undefined : [defaultRule];
      return namespace.createSubscription(topic.path, name, optionsOf(description), rules);
    },
    delete: (name) => namespace.delete(`${topic.path}/Subscriptions/${name}`),
    describe: (entity) => subscriptionOf(entity.options, extrasFor(entity)),
    nameOf: (entity) => entity.name,
  });

  return {
    queues: collectionOf(queues, extras),
    topics: collectionOf(topics, extras),
    subscriptions: (name) => {
      const topic = topics.find(name);
      return topic === undefined ? undefined : collectionOf(subscriptionsOf(topic), extras);
    },
    rules: (name, subscription) => {
      const entity = topics.find(name)?.subscriptions.get(subscription.toLowerCase());
      return entity === undefined ? undefined : rulesOf(entity);
    },
    *keys() {
      for (const entity of namespace.entities()) {
        for (const rule of extrasFor(entity).authorizationRules) {
          const key = { name: rule.keyName, claims: rule.rights, entity: entity.path };
          yield { ...key, key: rule.primaryKey };
          if (rule.secondaryKey !== "") yield { ...key, key: rule.secondaryKey };
        }
      }
    },
  };
}

/** The entities of one kind, in one place. */
interface Entities<Description, Kind extends Entity> {
  all(): readonly Kind[];
  find(name: string): Kind | undefined;
  create(name: string, description: Description): Kind;
  delete(name: string): void;
  describe(entity: Kind): Description;
  nameOf(entity: Kind): string;
}

function collectionOf<
  Description extends QueueDescription | TopicDescription | SubscriptionDescription,
  Kind extends Entity,
>(
  entities: Entities<Description, Kind>,
  extras: WeakMap<Entity, Extras>,
): Collection<Description, EntityResource<Description>> {
  const write = (entity: Kind): EntityResource<Description> => ({
    name: entities.nameOf(entity),
    description: entities.describe(entity),
    createdAt: new Date(entity.createdAt),
    updatedAt: new Date(entity.updatedAt),
    accessedAt: new Date(entity.accessedAt),
    sizeInBytes: sizeOf(entity),
    counts: countsOf(entity),
    subscriptionCount: entity instanceof TopicEntity ? entity.subscriptions.size : 0,
  });
  return {
    list: () => entities.all().map(write).toSorted(byName),
    find: (name) => {
      const entity = entities.find(name);
      return entity === undefined ? undefined : write(entity);
    },
    create: (name, description) => {
      const entity = entities.create(name, description);
      extras.set(entity, extrasOf(description));
      return write(entity);
    },
    update: (name, description) => {
      const entity = there(entities.find(name), name);
      entity.setOptions({ ...entity.options, ...optionsOf(description) });
      extras.set(entity, extrasOf(description));
      return write(entity);
    },
    delete: (name) => entities.delete(name),
  };
}

function rulesOf(subscription: SubscriptionEntity): Collection<Rule, Resource<Rule>> {
  const write = ({ definition, createdAt }: SubscriptionRule): Resource<Rule> => {
    const date = new Date(createdAt);
    return { name: definition.name, description: definition, createdAt: date, updatedAt: date };
  };
  const find = (name: string): SubscriptionRule | undefined =>
    subscription.rules.find(({ definition }) => definition.name.toLowerCase() === name.toLowerCase());
  return {
    list: () => subscription.rules.map(write).toSorted(byName),
    find: (name) => {
      const rule = find(name);
      return rule === undefined ? undefined : write(rule);
    },
    create: (name, rule) => {
      subscription.addRule(rule);
      return write(subscription.findRule(name));
    },
    update: (name, rule) => {
      subscription.updateRule(rule);
      return write(subscription.findRule(name));
    },
    delete: (name) => subscription.removeRule(name),
  };
}

function countsOf(entity: Entity): MessageCounts {
  const { queue } = entity;
  const dead = entity instanceof QueueEntity ? entity : undefined;
  return {
    // Deferred messages count as active ones.
    active: queue.count("active") + queue.count("deferred"),
    scheduled: queue.count("scheduled"),
    deadLetter: dead === undefined ? 0 : dead.deadLetters.count("active") + dead.deadLetters.count("deferred"),
    transfer: 0,
    transferDeadLetter: dead?.transferDeadLetters.count("active") ?? 0,
  };
}

function sizeOf(entity: Entity): number {
  if (!(entity instanceof QueueEntity)) return entity.queue.size;
  return entity.queue.size + entity.deadLetters.size + entity.transferDeadLetters.size;
}

function isQueue(entity: Entity): entity is QueueEntity {
  return entity instanceof QueueEntity && !(entity instanceof SubscriptionEntity);
}

function isTopic(entity: Entity): entity is TopicEntity {
  return entity instanceof TopicEntity;
}

function only<Kind extends Entity>(
  entity: Entity | undefined,
  is: (entity: Entity) => entity is Kind,
): Kind | undefined {
  return entity !== undefined && is(entity) ? entity : undefined;
}

function there<T>(found: T | undefined, name: string): T {
  if (found === undefined) throw new Error(`'${name}' was there when the request was checked`);
  return found;
}

function byName(left: { readonly name: string }, right: { readonly name: string }): number {
  const [a, b] = [left.name.toLowerCase(), right.name.toLowerCase()];
  return a < b ? -1 : a > b ? 1 : 0;
}
