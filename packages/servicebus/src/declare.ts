import type * as core from "@anybroker/core/driver";
import { compare, createOrCompare, type Difference, mayNotCreate, missingFor } from "./declaring/queues.ts";
import { declareSubscription } from "./declaring/subscriptions.ts";
import { declareTopic } from "./declaring/topics.ts";
import { classify } from "./errors.ts";
import type { LinkState } from "./state/link-state.ts";
import { subscriptionPath } from "./topology.ts";

/** `Link.declare`. */
export async function declare(
  link: LinkState,
  entities: readonly core.Entity[],
  mode: core.DeclareMode,
  signal: AbortSignal,
): Promise<readonly core.Drift[]> {
  const drifts: core.Drift[] = [];
  for (const entity of entities) {
    const differences = await declareOne(link, entity, mode, signal).catch((error: unknown) =>
      withoutRights(link, entity, mode, error, signal),
    );
    drifts.push(...differences.map((difference) => ({ entity, ...difference })));
  }
  return drifts;
}

async function declareOne(
  link: LinkState,
  entity: core.Entity,
  mode: core.DeclareMode,
  signal: AbortSignal,
): Promise<readonly Difference[]> {
  if (entity.kind === "topic") return declareTopic(link, link.names.destination(entity), mode, signal);
  link.places.delete(link.names.queueOf(entity));
  if (entity.kind === "subscription") return declareSubscription(link, entity, mode, signal);
  return (mode === "verify" ? compare : createOrCompare)(link, link.names.destination(entity), entity.ordered, signal);
}

/** An account without the right Manage cannot compare, but it can use what exists. */
async function withoutRights(
  link: LinkState,
  entity: core.Entity,
  mode: core.DeclareMode,
  error: unknown,
  signal: AbortSignal,
): Promise<readonly Difference[]> {
  if (classify(error).code !== "FORBIDDEN" || mode === "apply") throw error;
  const missing = await missingFor(link, pathOf(link, entity), signal);
  if (missing === undefined) return [];
  throw mode === "verify" ? missing : mayNotCreate(`${entity.kind} ${entity.name}`, error);
}

function pathOf(link: LinkState, entity: core.Entity): string {
  if (entity.kind !== "subscription") return link.names.destination(entity);
  const { topic, subscription } = link.names.subscription(entity);
  return subscriptionPath(topic, subscription);
}
