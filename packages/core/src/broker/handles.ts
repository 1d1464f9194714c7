import type { Consumer } from "../api/consuming.ts";
import type { Queue, QueueOptions, Readable, SubscriptionOptions, Topic, TopicOptions } from "../api/destinations.ts";
import { checkKeys, checkSignal } from "../base/check.ts";
import { type BodyFormat, bodyFormat } from "../body/format.ts";
import type { Declared } from "../contract/capabilities.ts";
import {
  type Destination,
  describeEntity,
  type QueueEntity,
  type SourceEntity,
  type TopicEntity,
} from "../contract/entities.ts";
import { batchPlan, CONSUME_OPTIONS, type Plan, singlePlan } from "../receiving/plan.ts";
import { SourceConsumer } from "../receiving/source-consumer.ts";
import { Sender } from "../sending/sender.ts";
import { askLink } from "./ask-link.ts";
import type { BrokerContext } from "./context.ts";
import { deadLettersOf } from "./dead-letters.ts";
import type { EntityMaker } from "./entities.ts";

const STATS_TIMEOUT = 30_000;

/** Creates the handle of a queue. */
export function queueHandle<Input, Output>(
  context: BrokerContext,
  entity: QueueEntity,
  options: QueueOptions<Declared, Input, Output>,
): Queue<Declared, Input, Output> {
  const format = bodyFormat(describeEntity(entity), options);
  const sender = senderOf(context, entity, format);
  return {
    ...readerOf<Output>(context, entity, format),
    send: (body, sendOptions) => sender.send(body, sendOptions),
    sendBatch: (messages) => sender.sendBatch(messages),
  };
}

/** Creates the handle of a topic. */
export function topicHandle<Input, Output>(
  context: BrokerContext,
  entity: TopicEntity,
  entities: EntityMaker,
  options: TopicOptions<Declared, Input, Output>,
): Topic<Declared, Input, Output> {
  const format = bodyFormat(describeEntity(entity), options);
  const sender = senderOf(context, entity, format);
  const subscription = (name: string, stored: SubscriptionOptions = {}): Readable<Output> =>
    readerOf<Output>(context, entities.subscription(entity, name, stored), format);
  return {
    name: entity.name,
    publish: (body, publishOptions) => sender.send(body, publishOptions),
    publishBatch: (messages) => sender.sendBatch(messages),
    subscription,
    async subscribe(name, handler, both = {}) {
      const { ordered, filter, from, durable, ...consume } = both;
      checkKeys("subscribe", consume, ["ordered", "filter", "from", "durable", ...CONSUME_OPTIONS]);
      return subscription(name, { ordered, filter, from, durable }).consume(handler, consume);
    },
  };
}

function senderOf(context: BrokerContext, destination: Destination, format: BodyFormat): Sender {
  return new Sender({ ...context, destination, format }, context.outbox);
}

function readerOf<Output>(context: BrokerContext, entity: SourceEntity, format: BodyFormat): Readable<Output> {
  const start = (plan: Plan): Promise<Consumer> => {
    const { connection, consumers } = context;
    if (connection.closed) throw connection.closedError(`consuming ${describeEntity(entity)}`);
    const consumer = new SourceConsumer(
      { ...context, recollections: context.recollections(entity) },
      entity,
      format.read,
      plan,
    );
    consumers.add(consumer);
    void consumer.closed.then(() => consumers.delete(consumer));
    return consumer.start();
  };
  return {
    name: entity.name,
    consume: async (handler, options = {}) => start(singlePlan(handler, options, context.consumeDefaults)),
    consumeBatch: async (handler, options = {}) => start(batchPlan(handler, options, context.consumeDefaults)),
    deadLetters: deadLettersOf(context, entity),
    async stats(options = {}) {
      checkKeys("stats", options, ["signal"]);
      checkSignal("stats", options.signal);
      const what = `asking for the stats of ${describeEntity(entity)}`;
      context.connection.requireFeature("stats", what);
      return askLink(context, what, STATS_TIMEOUT, options.signal, (link, signal) => link.stats(entity, signal));
    },
  };
}
