import type * as core from "@anybroker/core/driver";
import { DELAY_STEPS } from "@anybroker/core/driver";
import type { Settings } from "./options.ts";
import type { NewTopic } from "./protocol/requests.ts";

/** Nothing is kept for longer than until its group has it: the driver deletes it then. */
export const FOR_EVER = { "cleanup.policy": "delete", "retention.ms": "-1" };

/** By id: the last record of an id counts, and one without a value removes it. */
const BY_ID = { "cleanup.policy": "compact" };

/** `Q.retry.<ms>` or `T.sub.S.retry.<ms>`: what comes back after so long. */
export function stepOf(source: string, ms: number): string {
  return `${source}.retry.${ms}`;
}

/** `T.delay.<ms>`: what is published that much later, read by every group. */
export function delayOf(topic: string, ms: number): string {
  return `${topic}.delay.${ms}`;
}

/** `Q.dlq` or `T.sub.S.dlq` */
export function deadLettersOf(source: string): string {
  return `${source}.dlq`;
}

/** The topics of an entity; a subscription's own, without its topic's. */
export function topicsOf(entity: core.Entity, naming: core.Naming, settings: Settings): readonly NewTopic[] {
  const { replicas } = settings;
  const ladder = (step: (name: string, ms: number) => string, name: string, config: NewTopic["config"]): NewTopic[] =>
    DELAY_STEPS.map((ms) => ({ topic: step(name, ms), partitions: 1, replicas, config }));
  if (entity.kind === "topic") {
    const topic = naming.topic(entity.name);
    const retention = Math.max(entity.retention, settings.retention);
    const config = { "cleanup.policy": "delete", "retention.ms": String(retention) };
    return [{ topic, partitions: settings.partitions, replicas, config }, ...ladder(delayOf, topic, config)];
  }
  const name = naming.source(entity);
  const own = { topic: name, partitions: settings.partitions, replicas, config: FOR_EVER };
  return [
    ...(entity.kind === "queue" ? [own] : []),
    ...ladder(stepOf, name, FOR_EVER),
    { topic: deadLettersOf(name), partitions: 1, replicas, config: BY_ID },
  ];
}

/** A topic that a source reads, and for how long what it finds there has to wait. */
export interface Inlet {
  readonly topic: string;
  readonly step: number;
}

/** Everything that a source reads, its own topic first. */
export function inletsOf(entity: core.SourceEntity, naming: core.Naming): readonly Inlet[] {
  const name = naming.source(entity);
  const ladder = (step: (of: string, ms: number) => string, of: string): Inlet[] =>
    DELAY_STEPS.map((ms) => ({ topic: step(of, ms), step: ms }));
  if (entity.kind === "queue") return [{ topic: name, step: 0 }, ...ladder(stepOf, name)];
  const topic = naming.topic(entity.topic.name);
  const returns = entity.durable ? ladder(stepOf, name) : [];
  return [{ topic, step: 0 }, ...ladder(delayOf, topic), ...returns];
}
