import type * as core from "@anybroker/core/driver";
import { filterText, notFound } from "@anybroker/core/driver";
import type { ServiceBusAdministrationClient, SubscriptionProperties } from "@azure/service-bus";
import { administer, ifThere } from "../state/administration.ts";
import type { LinkState } from "../state/link-state.ts";
import { filterInNote, noteOf, pathIn, RULE, ruleFor, type SubscriptionNames } from "../topology.ts";
import { compare, createOrCompare, type Difference, foundOrCreated, orderedDiffers } from "./queues.ts";

type StoredSubscription = Awaited<ReturnType<ServiceBusAdministrationClient["getSubscription"]>>;

/** Creates a subscription that forwards to a queue of its own, or compares it with one that exists. */
export async function declareSubscription(
  link: LinkState,
  entity: core.SubscriptionEntity,
  mode: core.DeclareMode,
  signal: AbortSignal,
): Promise<readonly Difference[]> {
  const names = link.names.subscription(entity);
  const existing = await found(link, names, signal);
  if (existing === undefined && mode === "verify") {
    throw notFound(`there is no subscription ${names.subscription} of topic ${names.topic}`);
  }
  if (existing !== undefined && existing.forwardTo === undefined) return plainDifferences(existing, entity);
  const queue = existing?.forwardTo === undefined ? names.queue : pathIn(existing.forwardTo);
  // Before the subscription, which would have nowhere to forward to.
  const differences = await (mode === "verify" ? compare : createOrCompare)(link, queue, entity.ordered, signal);
  const stored =
    mode === "verify"
      ? existing
      : await foundOrCreated(
          () => found(link, names, signal),
          () => create(link, names, entity.filter, signal),
        );
  if (stored === undefined) return differences;
  return [...differences, ...(await filterDifference(link, names, stored, entity, mode, signal))];
}

function found(
  link: LinkState,
  { topic, subscription }: SubscriptionNames,
  signal: AbortSignal,
): Promise<StoredSubscription | undefined> {
  const what = `looking at subscription ${subscription} of topic ${topic}`;
  return ifThere(administer(link, what, signal, (admin, some) => admin.getSubscription(topic, subscription, some)));
}

/** In one step with its rule, so that no message comes by another one. */
function create(
  link: LinkState,
  { topic, subscription, queue }: SubscriptionNames,
  filter: core.Filter | undefined,
  signal: AbortSignal,
): Promise<unknown> {
  const options = {
    forwardTo: queue,
    userMetadata: noteOf(filter),
    defaultRuleOptions: { name: RULE, filter: ruleFor(filter) },
  };
  return administer(link, `creating subscription ${subscription} of topic ${topic}`, signal, (admin, some) =>
    admin.createSubscription(topic, subscription, { ...options, ...some }),
  );
}

/** A subscription of another program, which is read itself. */
function plainDifferences(
  { requiresSession }: SubscriptionProperties,
  { ordered }: core.SubscriptionEntity,
): readonly Difference[] {
  return requiresSession === ordered ? [] : [orderedDiffers(ordered)];
}

async function filterDifference(
  link: LinkState,
  names: SubscriptionNames,
  stored: StoredSubscription,
  { filter }: core.SubscriptionEntity,
  mode: core.DeclareMode,
  signal: AbortSignal,
): Promise<readonly Difference[]> {
  const expected = filterText(filter);
  const text = filterInNote(stored.userMetadata);
  if (text === expected || (text === undefined && mode !== "apply")) return [];
  if (mode !== "apply") return [{ property: "filter", expected, found: text ?? "" }];
  await apply(link, names, stored, filter, signal);
  return [];
}

/** The note comes first: a consumer that goes by the old filter notices it before it acks what the old rule let through. */
async function apply(
  link: LinkState,
  { topic, subscription }: SubscriptionNames,
  stored: StoredSubscription,
  filter: core.Filter | undefined,
  signal: AbortSignal,
): Promise<void> {
  const what = `changing the filter of subscription ${subscription} of topic ${topic}`;
  await administer(link, what, signal, async (admin, some) => {
    await admin.updateSubscription({ ...stored, userMetadata: noteOf(filter) }, some);
    const rule = await admin.getRule(topic, subscription, RULE, some);
    await admin.updateRule(topic, subscription, { ...rule, filter: ruleFor(filter) }, some);
  });
}
