import type { Rule } from "../filters/rule.ts";
import type { EmulatorConfig, QueueConfig } from "./emulator-config.ts";

/** What entities of a configuration are created with. Durations are in ms. */
export type ConfiguredOptions = Partial<Omit<QueueConfig, "name">>;

/** Where entities can be created. */
export interface EntityCreator {
  createQueue(path: string, options: ConfiguredOptions): unknown;
  createTopic(path: string, options: ConfiguredOptions): unknown;
  /** Without `rules`, the subscription gets every message. */
  createSubscription(topic: string, name: string, options: ConfiguredOptions, rules?: readonly Rule[]): unknown;
}

/** Creates the entities of a configuration. */
export function createEntities(creator: EntityCreator, config: EmulatorConfig): void {
  for (const { name, ...options } of config.queues) creator.createQueue(name, options);
  for (const { name: topic, subscriptions, ...options } of config.topics) {
    creator.createTopic(topic, options);
    for (const { name, rules, ...settings } of subscriptions) {
      creator.createSubscription(topic, name, settings, rules.length === 0 ? undefined : rules);
    }
  }
}
