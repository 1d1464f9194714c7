import type { Rule } from "../filters/rule.ts";
import type {
  EntityResource,
  QueueDescription,
  Resource,
  SubscriptionDescription,
  TopicDescription,
} from "./descriptions.ts";

/** The entities or rules of one kind, in one place. Names match in any letter case. */
export interface Collection<Description, Found extends Resource<Description>> {
  /** All of them, in the order of their names. */
  list(): readonly Found[];
  find(name: string): Found | undefined;
  /** Creates what is not there. */
  create(name: string, description: Description): Found;
  /** Replaces the description of what is there. */
  update(name: string, description: Description): Found;
  /** Deletes what is there, with everything that belongs to it. */
  delete(name: string): void;
}

/** What the administration API works on. */
export interface EntityAdmin {
  readonly queues: Collection<QueueDescription, EntityResource<QueueDescription>>;
  readonly topics: Collection<TopicDescription, EntityResource<TopicDescription>>;
  /** The subscriptions of a topic; `undefined` if there is no such topic. */
  subscriptions(
    topic: string,
  ): Collection<SubscriptionDescription, EntityResource<SubscriptionDescription>> | undefined;
  /** The rules of a subscription; `undefined` if there is no such subscription. */
  rules(topic: string, subscription: string): Collection<Rule, Resource<Rule>> | undefined;
}
