import type { Broker, Health, Topology } from "../api/broker.ts";
import type { ConnectOptions } from "../api/connecting.ts";
import type { ConsumerHealth } from "../api/consuming.ts";
import { DEFAULTS } from "../api/defaults.ts";
import type { QueueOptions, TopicOptions } from "../api/destinations.ts";
import { checkKeys, checkSignal, entriesOf, integer } from "../base/check.ts";
import { abortAfter, type Clock } from "../base/clock.ts";
import { reasonOf } from "../base/errors.ts";
import { Log } from "../base/log.ts";
import { redact } from "../base/redact.ts";
import { withTimeLimit } from "../base/time-limit.ts";
import { orAborted } from "../base/wait.ts";
import type { Declared } from "../contract/capabilities.ts";
import type { Driver } from "../contract/driver.ts";
import type { Entity } from "../contract/entities.ts";
import { describeEntity } from "../contract/entities.ts";
import type { LinkHealth } from "../contract/link.ts";
import { Connection } from "../link/connection.ts";
import { Declarations } from "../link/declarations.ts";
import type { HeldMessage } from "../receiving/held-message.ts";
import { Recollections } from "../receiving/recollections.ts";
import { SuspectTurns } from "../receiving/suspect-turns.ts";
import { idMaker } from "../sending/id.ts";
import { Outbox } from "../sending/outbox.ts";
import { traceInjector } from "../sending/trace.ts";
import type { BrokerContext } from "./context.ts";
import { EntityMaker } from "./entities.ts";
import { queueHandle, topicHandle } from "./handles.ts";
import { removalOf } from "./removal.ts";
import type { Settings } from "./settings.ts";

const HEALTH_TIMEOUT = 5_000;

/** Connects to the broker, and returns the broker object. */
export async function openBroker<C extends Declared, N>(
  driver: Driver<C, N>,
  settings: Settings,
  options: ConnectOptions,
): Promise<Broker<C, N>> {
  const { name: system, address } = driver;
  const log = new Log(options.logger, { name: options.name ?? system, system, address });
  const connection = new Connection(driver, settings.context, settings.times, log);
  const declarations = new Declarations(connection);
  const context: BrokerContext = {
    connection,
    declarations,
    outbox: new Outbox(connection, declarations, settings.sendBuffer),
    consumers: new Set(),
    recollections: recollectionsOf(settings.context.clock),
    turns: new SuspectTurns(settings.context.clock, driver.notesExposed === true),
    consumeDefaults: options.consume ?? {},
    propagation: options.propagation,
    nextId: idMaker(settings.context.clock.now),
    inject: traceInjector(options.propagation, () => connection.capabilities.limits),
  };
  await connection.start(options.signal);
  const broker = brokerOf(context);
  // The cast is true: the driver's links have clients of type N, and what C excludes is refused at run time too.
  return broker as Broker<C, N>;
}

function brokerOf(context: BrokerContext): Broker {
  const { connection, declarations } = context;
  const entities = new EntityMaker(connection);
  const { clock } = connection.context;
  /** Aborts when the time for pending sends is over. */
  const late = new AbortController();
  let closing: Promise<void> | undefined;
  const close = async (options: { readonly drainTimeout?: number | undefined } = {}): Promise<void> => {
    checkKeys("close", options, ["drainTimeout"]);
    const { drainTimeout } = options;
    const limit = integer("drainTimeout", drainTimeout, DEFAULTS.drainTimeout, 0);
    closing ??= shutDown(context, limit, late, { drainTimeout });
    await closing;
  };
  const dispose = async (): Promise<void> => {
    if (clock.manual !== true) return close();
    const closed = close({ drainTimeout: 0 });
    // Also ends a drain that began earlier.
    abortAfter(clock, 0, late);
    await Promise.all([...context.consumers].map((consumer) => consumer[Symbol.asyncDispose]()));
    await closed;
  };
  return {
    get capabilities() {
      return connection.capabilities;
    },
    get native() {
      return connection.link?.native;
    },
    queue<Input, Output>(name: string, options: QueueOptions<Declared, Input, Output> = {}) {
      return queueHandle(context, entities.queue(name, options), options);
    },
    topic<Input, Output>(name: string, options: TopicOptions<Declared, Input, Output> = {}) {
      return topicHandle(context, entities.topic(name, options), entities, options);
    },
    async declare(topology, options = {}) {
      checkKeys("declare", options, ["signal"]);
      checkSignal("declare", options.signal);
      const wanted = entitiesOf(topology, entities);
      const signal = options.signal ?? new AbortController().signal;
      const link = await connection.up(signal, "declaring");
      for (const entity of wanted) await orAborted(declarations.apply(link, entity) ?? Promise.resolve(), signal);
    },
    ...removalOf(context),
    async health(options = {}) {
      checkKeys("health", options, ["signal"]);
      checkSignal("health", options.signal);
      return healthOf(context, options.signal);
    },
    close,
    [Symbol.asyncDispose]: dispose,
  };
}

/** Recollections for each source, made when first needed. */
function recollectionsOf(clock: Clock): BrokerContext["recollections"] {
  const known = new Map<string, Recollections<HeldMessage>>();
  return (source) => {
    const name = describeEntity(source);
    const recollections = known.get(name) ?? new Recollections<HeldMessage>(clock);
    known.set(name, recollections);
    return recollections;
  };
}

async function shutDown(
  context: BrokerContext,
  limit: number,
  late: AbortController,
  options: { readonly drainTimeout?: number | undefined },
): Promise<void> {
  const cancel = abortAfter(context.connection.context.clock, limit, late);
  await Promise.all([...context.consumers].map((consumer) => consumer.close(options)));
  await context.outbox.drain(late.signal);
  cancel();
  await context.connection.close();
}

async function healthOf(context: BrokerContext, signal: AbortSignal | undefined): Promise<Health> {
  const { connection } = context;
  const { link, lastError } = connection;
  if (link === undefined) {
    connection.askedAfter();
    const reason = lastError?.message ?? "not connected";
    return { status: "down", reason, server: undefined, consumers: consumersOf(context), details: {} };
  }
  const withoutAnswer = (error: unknown): LinkHealth => ({ degraded: `no answer: ${reasonOf(error)}`, details: {} });
  const { degraded, details } = await withTimeLimit(HEALTH_TIMEOUT, (limit) => {
    const stop = signal === undefined ? limit : AbortSignal.any([limit, signal]);
    return orAborted(link.health(stop), stop);
  }).catch(withoutAnswer);
  const complaint = degraded ?? complaintOf(context);
  const reason = complaint === undefined ? undefined : redact(complaint);
  const consumers = consumersOf(context);
  return { status: reason === undefined ? "up" : "degraded", reason, server: link.server, consumers, details };
}

function consumersOf({ consumers }: BrokerContext): readonly ConsumerHealth[] {
  return [...consumers].map((consumer) => consumer.health());
}

/** Why a consumer makes the health of its broker object `degraded`; undefined if none does. */
function complaintOf({ consumers, connection: { context } }: BrokerContext): string | undefined {
  for (const consumer of consumers) {
    const { state, since, reason } = consumer.health();
    const isLate = state === "opening" && context.clock.now() - since.getTime() > context.lease;
    if (state !== "stuck" && !isLate) continue;
    const what = state === "stuck" ? "is stuck" : "cannot read";
    return `the consumer of ${describeEntity(consumer.entity)} ${what}: ${reason ?? "it is still opening"}`;
  }
  return undefined;
}

function entitiesOf(topology: Topology, entities: EntityMaker): readonly Entity[] {
  checkKeys("declare", topology, ["queues", "topics"]);
  const queues = entriesOf("declare: queues", topology.queues).map(([name, options]) => {
    checkKeys(`declare: queue ${name}`, options, ["ordered"]);
    return entities.queue(name, options);
  });
  const topics = entriesOf("declare: topics", topology.topics).flatMap(([name, { subscriptions, ...options }]) => {
    checkKeys(`declare: topic ${name}`, options, ["retention", "subscriptions"]);
    const topic = entities.topic(name, options);
    const durable = entriesOf(`declare: topic ${name}: subscriptions`, subscriptions).map(([subscription, stored]) => {
      if (stored.durable !== false) return entities.subscription(topic, subscription, stored);
      throw new TypeError(`declare: subscription ${subscription} is ephemeral: it exists only while it is read`);
    });
    return [topic, ...durable];
  });
  return [...queues, ...topics];
}
