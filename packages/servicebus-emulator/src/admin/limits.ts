import { compileRule } from "../filters/compile-rule.ts";
import { RuleError } from "../filters/errors.ts";
import type { Rule } from "../filters/rule.ts";
import type { QueueDescription, SubscriptionDescription, Tier, TopicDescription } from "./descriptions.ts";
import { type AdminError, badRequest, badValue, cannotChange } from "./errors.ts";

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const DAY = 24 * 60 * MINUTE;

// https://learn.microsoft.com/azure/service-bus-messaging/service-bus-quotas
const LONGEST_LOCK = 5 * MINUTE;
const SHORTEST_IDLE = 5 * MINUTE;
const SHORTEST_WINDOW = 20 * SECOND;
const LONGEST_WINDOW = 7 * DAY;
const MOST_DELIVERIES = 2000;
const LONGEST_METADATA = 1024;
const SIZES: Readonly<Record<Tier, readonly number[]>> = {
  Standard: [1024, 2048, 3072, 4096, 5120],
  Premium: [1024, 2048, 3072, 4096, 5120, 10_240, 20_480, 40_960, 81_920],
};
// A partitioned entity has 16 partitions of the size that was asked for.
const PARTITIONS = 16;

/** The largest message of a tier, in KB, unless a description says more. */
export const MESSAGE_SIZES: Readonly<Record<Tier, number>> = { Standard: 256, Premium: 1024 };

/** Checks a queue against the limits of its tier, and returns it as it is stored. */
export function admitQueue(
  queue: QueueDescription,
  previous: QueueDescription | undefined,
  tier: Tier,
): QueueDescription {
  checkOutlet(queue);
  if (previous !== undefined && queue.requiresSession !== previous.requiresSession) {
    throw cannotChange("RequiresSession", "Queue");
  }
  return admitInlet(queue, previous, tier, "Queue");
}

/** Checks a topic against the limits of its tier, and returns it as it is stored. */
export function admitTopic(
  topic: TopicDescription,
  previous: TopicDescription | undefined,
  tier: Tier,
): TopicDescription {
  return admitInlet(topic, previous, tier, "Topic");
}

/** Checks a subscription against the limits, and returns it. */
export function admitSubscription(
  subscription: SubscriptionDescription,
  previous: SubscriptionDescription | undefined,
): SubscriptionDescription {
  checkOutlet(subscription);
  checkCommon(subscription);
  if (previous !== undefined && subscription.requiresSession !== previous.requiresSession) {
    throw cannotChange("RequiresSession", "Subscription");
  }
  if (subscription.defaultRule !== undefined) admitRule(subscription.defaultRule);
  return subscription;
}

/** Checks that a rule can be compiled, and returns it. */
export function admitRule(rule: Rule): Rule {
  try {
    compileRule(rule);
    return rule;
  } catch (error) {
    throw error instanceof RuleError ? badRequest(error.message) : error;
  }
}

type Outlet = QueueDescription | SubscriptionDescription;
type Inlet = QueueDescription | TopicDescription;

function checkCommon(description: Outlet | Inlet): void {
  const { autoDeleteOnIdle, userMetadata = "", defaultMessageTimeToLive } = description;
  if (autoDeleteOnIdle < SHORTEST_IDLE) {
    throw badDuration(
      "The supplied idle time is less than the allowed minimum of '5' minutes.",
      "AutoDeleteOnIdle",
      autoDeleteOnIdle,
    );
  }
  if (defaultMessageTimeToLive <= 0) {
    throw badDuration(
      "The time to live has to be more than zero.",
      "DefaultMessageTimeToLive",
      defaultMessageTimeToLive,
    );
  }
  if (userMetadata.length > LONGEST_METADATA) {
    throw badRequest(`The UserMetadata has ${userMetadata.length} characters, and ${LONGEST_METADATA} are allowed.`);
  }
}

function checkOutlet({ lockDuration, maxDeliveryCount }: Outlet): void {
  if (lockDuration > LONGEST_LOCK) {
    throw badDuration(
      "The supplied lock time exceeds the allowed maximum of '5' minutes.",
      "LockDuration",
      lockDuration,
    );
  }
  if (lockDuration <= 0) throw badDuration("The lock time has to be more than zero.", "LockDuration", lockDuration);
  if (maxDeliveryCount < 1 || maxDeliveryCount > MOST_DELIVERIES) {
    const detail = `The MaxDeliveryCount has to be between 1 and ${MOST_DELIVERIES}.`;
    throw badValue(detail, "MaxDeliveryCount", String(maxDeliveryCount));
  }
}

function admitInlet<Description extends Inlet>(
  description: Description,
  previous: Description | undefined,
  tier: Tier,
  what: "Queue" | "Topic",
): Description {
  checkCommon(description);
  const window = description.duplicateDetectionHistoryTimeWindow;
  if (window < SHORTEST_WINDOW || window > LONGEST_WINDOW) {
    const detail = "The window has to be between '20' seconds and '7' days.";
    throw badDuration(detail, "DuplicateDetectionHistoryTimeWindow", window);
  }
  if (description.enableExpress && description.requiresDuplicateDetection) {
    throw badRequest(
      "Both DelayedPersistence property and RequiresDuplicateDetection property cannot be enabled together.",
    );
  }
  if (previous !== undefined && description.requiresDuplicateDetection !== previous.requiresDuplicateDetection) {
    throw cannotChange("RequiresDuplicateDetection", what);
  }
  if (previous !== undefined && description.enablePartitioning !== previous.enablePartitioning) {
    throw badRequest("Partitioning cannot be changed for Queue/Topic.");
  }
  if (tier === "Premium" && (description.enablePartitioning || description.enableExpress)) {
    const property = description.enablePartitioning ? "EnablePartitioning" : "EnableExpress";
    throw badRequest(`The property '${property}' cannot be set because the namespace is using the 'Premium' tier.`);
  }
  checkMessageSize(description.maxMessageSizeInKilobytes, tier);
  return { ...description, maxSizeInMegabytes: admitSize(description, tier) };
}

function admitSize({ maxSizeInMegabytes: size, enablePartitioning }: Inlet, tier: Tier): number {
  const sizes = SIZES[tier];
  if (!enablePartitioning && sizes.includes(size)) return size;
  if (enablePartitioning && sizes.includes(size / PARTITIONS)) return size;
  if (enablePartitioning && sizes.includes(size)) return size * PARTITIONS;
  throw badRequest(
    `The specified value ${size} is invalid. The property 'MaxSizeInMegabytes', must be one of the following values: ` +
      `${sizes.join(";")}.`,
  );
}

function checkMessageSize(size: number, tier: Tier): void {
  const name = "MaxMessageSizeInKilobytes";
  if (tier === "Premium" && (size < 1024 || size > 102_400)) {
    const detail = `The property value for '${name}' must be between 1024 and 102400 when the namespace is using 'Premium' tier.`;
    throw badValue(detail, name, String(size));
  }
  if (tier === "Standard" && size !== MESSAGE_SIZES.Standard) {
    const detail = `The property '${name}' cannot be set when the namespace is using 'Standard' tier.`;
    throw badValue(detail, name, String(size));
  }
}

function badDuration(detail: string, property: string, milliseconds: number): AdminError {
  return badValue(detail, property, timeSpan(milliseconds));
}

/** The text of a duration as .NET writes it: `25.00:00:00`. */
function timeSpan(milliseconds: number): string {
  if (milliseconds === Number.POSITIVE_INFINITY) return "10675199.02:48:05.4775807";
  const days = Math.floor(milliseconds / DAY);
  const time = new Date(milliseconds % DAY)
    .toISOString()
    .slice(11, -1)
    .replace(/\.000$/, "");
  return days === 0 ? time : `${days}.${time}`;
}
