import { setTimeout as sleep } from "node:timers/promises";
import type * as core from "@anybroker/core/driver";
import { deadLettersName } from "@anybroker/core/driver";
import { onChannel } from "./connection.ts";
import { exchangeType } from "./declaring/bindings.ts";
import {
  createOrCompare,
  type Difference,
  exchangeOf,
  type QueueOrExchange,
  queueWith,
} from "./declaring/queue-or-exchange.ts";
import { declareFilter } from "./declaring/stored-filter.ts";
import { replyCodeOf } from "./errors.ts";
import type { LinkState } from "./state/link-state.ts";
import { DEAD_LETTER_ARGUMENTS, queueArguments } from "./topology.ts";

/** How long RabbitMQ 3.10 may take to delete a queue, in ms. */
const DELETION_TIME = 1_000;

/** `Link.declare`. */
export async function declare(
  link: LinkState,
  entities: readonly core.Entity[],
  mode: core.DeclareMode,
  signal: AbortSignal,
): Promise<readonly core.Drift[]> {
  const drifts: core.Drift[] = [];
  for (const entity of entities) {
    for (const item of itemsOf(link, entity)) {
      await waitForDeletion(link, item.name, signal);
      const difference = await (mode === "verify" ? verify : createOrCompare)(link, item, signal);
      if (difference !== undefined) drifts.push({ entity, ...difference });
    }
    if (entity.kind === "subscription") drifts.push(...(await declareFilter(link, entity, mode, signal)));
  }
  return drifts;
}

/** The exchange of a topic; the queue of a queue or subscription, with the queue of its dead letters. */
function itemsOf(link: LinkState, entity: core.Entity): readonly QueueOrExchange[] {
  if (entity.kind === "topic") return [exchangeOf(link.naming.topic(entity.name), exchangeType(link, entity))];
  const name = link.naming.source(entity);
  const dead = deadLettersName(name);
  return [
    queueWith(name, queueArguments(name, entity.ordered)),
    {
      ...queueWith(dead, DEAD_LETTER_ARGUMENTS),
      whenMissing: { property: `queue ${dead}`, expected: "there", found: "missing" },
    },
  ];
}

/** A quorum queue that is created again while RabbitMQ 3.10 is still deleting it may never confirm anything. */
async function waitForDeletion(link: LinkState, name: string, signal: AbortSignal): Promise<void> {
  const missingAt = link.missingAt.get(name);
  if (missingAt === undefined) return;
  const wait = missingAt + DELETION_TIME - Date.now();
  if (wait > 0) await sleep(wait, undefined, { signal });
}

/** Creates nothing. Compares what exists only where the account may create it, because comparing takes that right. */
async function verify(link: LinkState, item: QueueOrExchange, signal: AbortSignal): Promise<Difference | undefined> {
  try {
    await onChannel(link.consuming, signal, item.check);
    return await createOrCompare(link, item, signal);
  } catch (error) {
    const code = replyCodeOf(error);
    // Some servers do not even let every account check whether a queue exists.
    if (code === 403) return undefined;
    if (code === 404 && item.whenMissing !== undefined) return item.whenMissing;
    throw error;
  }
}
