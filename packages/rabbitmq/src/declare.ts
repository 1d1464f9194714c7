import { setTimeout as sleep } from "node:timers/promises";
import type * as core from "@anybroker/core/driver";
import { onChannel } from "./connection.ts";
import { bind, exchangeType } from "./declaring/bindings.ts";
import {
  createOrCompare,
  type Difference,
  exchangeOf,
  type QueueOrExchange,
  queueOf,
} from "./declaring/queue-or-exchange.ts";
import { codeOf } from "./errors.ts";
import type { LinkState } from "./state/link-state.ts";
import { DEAD_LETTER_ARGUMENTS, deadLettersOf, queueArguments } from "./topology.ts";

/** How long the server may take to delete a queue, in milliseconds. */
const DELETION = 1_000;

/** `Link.declare`. */
export async function declare(
  link: LinkState,
  entities: readonly core.Entity[],
  mode: "create" | "verify",
  signal: AbortSignal,
): Promise<readonly core.Drift[]> {
  const drifts: core.Drift[] = [];
  for (const entity of entities) {
    // An ephemeral subscription begins when its source opens.
    if (entity.kind === "subscription" && !entity.durable) continue;
    for (const item of itemsOf(link, entity)) {
      // Made again while RabbitMQ 3.10 is still deleting it, a quorum queue may never confirm anything.
      const rest = (link.gone.get(item.name) ?? 0) + DELETION - Date.now();
      if (rest > 0) await sleep(rest, undefined, { signal });
      const difference = await (mode === "create" ? createOrCompare(link, item, signal) : verify(link, item, signal));
      if (difference !== undefined) drifts.push({ entity, ...difference });
    }
    if (entity.kind !== "subscription" || mode === "verify") continue;
    const queue = link.naming.source(entity);
    await onChannel(link.consuming, signal, (channel) => bind(link, channel, entity, queue));
  }
  return drifts;
}

/** What an entity is made of. */
function itemsOf(link: LinkState, entity: core.Entity): readonly QueueOrExchange[] {
  if (entity.kind === "topic") return [exchangeOf(link.naming.topic(entity.name), exchangeType(link, entity))];
  const name = link.naming.source(entity);
  return [queueOf(name, queueArguments(name, entity.ordered)), queueOf(deadLettersOf(name), DEAD_LETTER_ARGUMENTS)];
}

/** Creates nothing: asks whether it is there, and only then, where that is allowed, whether it is as it should be. */
async function verify(link: LinkState, item: QueueOrExchange, signal: AbortSignal): Promise<Difference | undefined> {
  try {
    await onChannel(link.consuming, signal, item.check);
    return await createOrCompare(link, item, signal);
  } catch (error) {
    // Some servers do not let everybody look, and to compare takes the right to create.
    if (codeOf(error) === 403) return undefined;
    if (codeOf(error) !== 404 || !item.name.endsWith(deadLettersOf(""))) throw error;
    return { property: `queue ${item.name}`, expected: "there", found: "missing" };
  }
}
