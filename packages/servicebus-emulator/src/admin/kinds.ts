import type { Rule } from "../filters/rule.ts";
import type {
  EntityResource,
  QueueDescription,
  Resource,
  SubscriptionDescription,
  Tier,
  TopicDescription,
} from "./descriptions.ts";
import type { EntityAdmin } from "./entity-admin.ts";
import { type Detail, queueXml, subscriptionXml, topicXml } from "./entity-xml.ts";
import { noForwardDestination } from "./errors.ts";
import { admitQueue, admitRule, admitSubscription, admitTopic, MESSAGE_SIZES } from "./limits.ts";
import { readRule, writeRule } from "./rule-xml.ts";
import { child, childText, type XmlElement } from "./xml.ts";

/** What a kind needs of its surroundings. */
export interface KindContext {
  readonly entities: EntityAdmin;
  readonly tier: Tier;
  /** Host and port of the endpoint, as the client wrote them. */
  readonly host: string;
}

/** How resources of one kind are read and written. */
export interface Kind<Description, Found extends Resource<Description>> {
  /** The name of the element with the description. */
  readonly element: string;
  /** Reads what a request wants; `previous` is what there is. Throws `AdminError`. */
  readonly read: (parent: XmlElement, name: string, previous: Description | undefined) => Description;
  readonly write: (found: Found, detail: Detail) => readonly XmlElement[];
}

const MINUTE = 60_000;

const COMMON = {
  defaultMessageTimeToLive: Number.POSITIVE_INFINITY,
  enableBatchedOperations: true,
  status: "Active",
  userMetadata: undefined,
  autoDeleteOnIdle: Number.POSITIVE_INFINITY,
} as const;

const INLET = {
  maxSizeInMegabytes: 1024,
  requiresDuplicateDetection: false,
  duplicateDetectionHistoryTimeWindow: 10 * MINUTE,
  authorizationRules: [],
  enablePartitioning: false,
  enableExpress: false,
} as const;

const OUTLET = {
  lockDuration: MINUTE,
  requiresSession: false,
  deadLetteringOnMessageExpiration: false,
  maxDeliveryCount: 10,
  forwardTo: undefined,
  forwardDeadLetteredMessagesTo: undefined,
} as const;

/** Queues. */
export function queueKind(context: KindContext): Kind<QueueDescription, EntityResource<QueueDescription>> {
  const { tier } = context;
  return {
    element: "QueueDescription",
    read: (parent, _name, previous) => {
      const defaults = { ...COMMON, ...INLET, ...OUTLET, maxMessageSizeInKilobytes: MESSAGE_SIZES[tier] };
      const queue = { ...defaults, ...fixedOf(previous), ...queueXml.read(parent) };
      return admitQueue(withForwardPaths(queue, context), previous, tier);
    },
    write: (found, detail) => queueXml.write(withForwardUris(found, context), detail),
  };
}

/** Topics. */
export function topicKind({ tier }: KindContext): Kind<TopicDescription, EntityResource<TopicDescription>> {
  return {
    element: "TopicDescription",
    read: (parent, _name, previous) => {
      const size = { maxMessageSizeInKilobytes: MESSAGE_SIZES[tier] };
      const read = topicXml.read(parent);
      const supportOrdering = read.enablePartitioning !== true;
      return admitTopic(
        { ...COMMON, ...INLET, ...size, supportOrdering, ...fixedOf(previous), ...read },
        previous,
        tier,
      );
    },
    write: topicXml.write,
  };
}

/** Subscriptions. */
export function subscriptionKind(
  context: KindContext,
): Kind<SubscriptionDescription, EntityResource<SubscriptionDescription>> {
  return {
    element: "SubscriptionDescription",
    read: (parent, _name, previous) => {
      const rule = child(parent, "DefaultRuleDescription");
      const subscription = {
        ...COMMON,
        ...OUTLET,
        deadLetteringOnFilterEvaluationExceptions: true,
        ...(previous === undefined ? {} : { requiresSession: previous.requiresSession }),
        ...subscriptionXml.read(parent),
        defaultRule: rule === undefined ? undefined : readRule(childText(rule, "Name") ?? "$Default", rule),
      };
      return admitSubscription(withForwardPaths(subscription, context), previous);
    },
    write: (found, detail) => subscriptionXml.write(withForwardUris(found, context), detail),
  };
}

/** Rules. */
export const ruleKind: Kind<Rule, Resource<Rule>> = {
  element: "RuleDescription",
  read: (parent, name) => admitRule(readRule(name, parent)),
  write: writeRule,
};

/** What an update that does not name it leaves as it is, because it cannot be changed. */
function fixedOf(previous: QueueDescription | TopicDescription | undefined): Partial<QueueDescription> {
  if (previous === undefined) return {};
  const { requiresDuplicateDetection, enablePartitioning, maxSizeInMegabytes, maxMessageSizeInKilobytes } = previous;
  const session = "requiresSession" in previous ? { requiresSession: previous.requiresSession } : {};
  return { requiresDuplicateDetection, enablePartitioning, maxSizeInMegabytes, maxMessageSizeInKilobytes, ...session };
}

interface Forwarding {
  readonly forwardTo: string | undefined;
  readonly forwardDeadLetteredMessagesTo: string | undefined;
}

/** Clients name the destinations by their URIs, or by their paths. */
function withForwardPaths<Description extends Forwarding>(description: Description, context: KindContext): Description {
  return {
    ...description,
    forwardTo: forwardPath(description.forwardTo, context),
    forwardDeadLetteredMessagesTo: forwardPath(description.forwardDeadLetteredMessagesTo, context),
  };
}

function forwardPath(written: string | undefined, { entities }: KindContext): string | undefined {
  if (written === undefined || written === "") return undefined;
  const path = written.replace(/^[a-z]+:\/\/[^/]*\//i, "").replace(/\/+$/, "");
  const destination = entities.queues.find(path) ?? entities.topics.find(path);
  if (destination === undefined) throw noForwardDestination();
  return destination.name;
}

function withForwardUris<Description extends Forwarding>(
  found: EntityResource<Description>,
  { host }: KindContext,
): EntityResource<Description> {
  const uri = (path: string | undefined): string | undefined =>
    path === undefined ? undefined : `sb://${host}/${path}`;
  const { description } = found;
  return {
    ...found,
    description: {
      ...description,
      forwardTo: uri(description.forwardTo),
      forwardDeadLetteredMessagesTo: uri(description.forwardDeadLetteredMessagesTo),
    },
  };
}
