import type { QueueOptions } from "../entities/options.ts";
import type {
  AuthorizationRule,
  EntityDescription,
  InletDescription,
  OutletDescription,
  QueueDescription,
  SubscriptionDescription,
  TopicDescription,
} from "./descriptions.ts";

type Description = QueueDescription | TopicDescription | SubscriptionDescription;

/** What the administration API keeps of an entity that does not change how the entity behaves. */
export interface Extras {
  readonly userMetadata: string | undefined;
  readonly enableBatchedOperations: boolean;
  readonly authorizationRules: readonly AuthorizationRule[];
  readonly enablePartitioning: boolean;
  readonly enableExpress: boolean;
  readonly supportOrdering: boolean;
}

/** The extras of an entity that was not created through the API. */
export const NO_EXTRAS: Extras = {
  userMetadata: undefined,
  enableBatchedOperations: true,
  authorizationRules: [],
  enablePartitioning: false,
  enableExpress: false,
  supportOrdering: true,
};

const KILOBYTE = 1024;
const MEGABYTE = 1024 ** 2;

/** The part of a description that an entity does not keep. */
export function extrasOf(description: Description): Extras {
  const { userMetadata, enableBatchedOperations } = description;
  if (!("authorizationRules" in description)) return { ...NO_EXTRAS, userMetadata, enableBatchedOperations };
  const { authorizationRules, enablePartitioning, enableExpress } = description;
  const supportOrdering = "supportOrdering" in description ? description.supportOrdering : !enablePartitioning;
  return {
    userMetadata,
    enableBatchedOperations,
    authorizationRules,
    enablePartitioning,
    enableExpress,
    supportOrdering,
  };
}

/** The part of a description that an entity keeps. */
export function optionsOf(description: Description): Partial<QueueOptions> {
  const { status, autoDeleteOnIdle, defaultMessageTimeToLive } = description;
  return {
    status,
    autoDeleteOnIdle,
    defaultTimeToLive: defaultMessageTimeToLive,
    ...("maxSizeInMegabytes" in description ? inletOptions(description) : {}),
    ...("lockDuration" in description ? outletOptions(description) : {}),
    ...("deadLetteringOnFilterEvaluationExceptions" in description
      ? { deadLetterOnFilterError: description.deadLetteringOnFilterEvaluationExceptions }
      : {}),
  };
}

function inletOptions(description: QueueDescription | TopicDescription): Partial<QueueOptions> {
  return {
    requiresDuplicateDetection: description.requiresDuplicateDetection,
    duplicateDetectionWindow: description.duplicateDetectionHistoryTimeWindow,
    maxSize: description.maxSizeInMegabytes * MEGABYTE,
    maxMessageSize: description.maxMessageSizeInKilobytes * KILOBYTE,
  };
}

function outletOptions(description: QueueDescription | SubscriptionDescription): Partial<QueueOptions> {
  return {
    lockDuration: description.lockDuration,
    maxDeliveryCount: description.maxDeliveryCount,
    requiresSession: description.requiresSession,
    deadLetterOnExpiration: description.deadLetteringOnMessageExpiration,
    forwardTo: description.forwardTo,
    forwardDeadLettersTo: description.forwardDeadLetteredMessagesTo,
  };
}

/** The description of a queue. */
export function queueOf(options: QueueOptions, extras: Extras): QueueDescription {
  return { ...commonOf(options, extras), ...inletOf(options, extras), ...outletOf(options) };
}

/** The description of a topic. */
export function topicOf(options: QueueOptions, extras: Extras): TopicDescription {
  const { supportOrdering } = extras;
  return { ...commonOf(options, extras), ...inletOf(options, extras), supportOrdering };
}

/** The description of a subscription. */
export function subscriptionOf(options: QueueOptions, extras: Extras): SubscriptionDescription {
  const { deadLetterOnFilterError: deadLetteringOnFilterEvaluationExceptions } = options;
  const more = { deadLetteringOnFilterEvaluationExceptions, defaultRule: undefined };
  return { ...commonOf(options, extras), ...outletOf(options), ...more };
}

function commonOf(
  { status, autoDeleteOnIdle, defaultTimeToLive }: QueueOptions,
  { userMetadata, enableBatchedOperations }: Extras,
): EntityDescription {
  return {
    status,
    autoDeleteOnIdle,
    defaultMessageTimeToLive: defaultTimeToLive,
    userMetadata,
    enableBatchedOperations,
  };
}

function inletOf(
  options: QueueOptions,
  { authorizationRules, enablePartitioning, enableExpress }: Extras,
): InletDescription {
  return {
    requiresDuplicateDetection: options.requiresDuplicateDetection,
    duplicateDetectionHistoryTimeWindow: options.duplicateDetectionWindow,
    maxSizeInMegabytes: options.maxSize / MEGABYTE,
    maxMessageSizeInKilobytes: options.maxMessageSize / KILOBYTE,
    authorizationRules,
    enablePartitioning,
    enableExpress,
  };
}

function outletOf(options: QueueOptions): OutletDescription {
  return {
    lockDuration: options.lockDuration,
    maxDeliveryCount: options.maxDeliveryCount,
    requiresSession: options.requiresSession,
    deadLetteringOnMessageExpiration: options.deadLetterOnExpiration,
    forwardTo: options.forwardTo,
    forwardDeadLetteredMessagesTo: options.forwardDeadLettersTo,
  };
}
