import { randomUUID } from "node:crypto";
import type * as core from "@anybroker/core/driver";
import { administer, ifThere } from "../state/administration.ts";
import type { LinkState } from "../state/link-state.ts";
import { duration, EPHEMERAL_IDLE, lockOf, queueOptions, RULE, ruleFor, subscriptionPath } from "../topology.ts";

/** The longest name of a subscription. */
const MAX_NAME = 50;

/** A subscription that one source has made for itself. */
export interface Ephemeral {
  readonly path: string;
  /** Deletes it. Without that, the service does so some minutes later. */
  remove(signal: AbortSignal): Promise<void>;
}

/** Creates a subscription that no other source reads. It has one reader, so it keeps the order without sessions. */
export async function createEphemeral(
  link: LinkState,
  entity: core.SubscriptionEntity,
  signal: AbortSignal,
): Promise<Ephemeral> {
  const { topic, subscription } = link.names.subscription(entity);
  const id = randomUUID();
  const name = `${subscription.slice(0, MAX_NAME - id.length - 1)}-${id}`;
  const lock = lockOf(link.context.lease, link.settings.emulator === true);
  const options = {
    ...queueOptions(lock, false),
    autoDeleteOnIdle: duration(EPHEMERAL_IDLE),
    defaultRuleOptions: { name: RULE, filter: ruleFor(entity.filter) },
  };
  await administer(link, `creating a subscription of topic ${topic}`, signal, (admin, some) =>
    admin.createSubscription(topic, name, { ...options, ...some }),
  );
  return {
    path: subscriptionPath(topic, name),
    remove: async (limit) => {
      await ifThere(
        administer(link, `deleting subscription ${name} of topic ${topic}`, limit, (admin, some) =>
          admin.deleteSubscription(topic, name, some),
        ),
      );
    },
  };
}
