import type * as core from "@anybroker/core/driver";
import { describeEntity, notFound } from "@anybroker/core/driver";
import { classify } from "./errors.ts";
import { countMessages } from "./scripts/count-messages.ts";
import type { LinkState } from "./state/link-state.ts";

/** Counts the messages of a queue or subscription. Rejects with `NOT_FOUND` if it does not exist. */
export async function statsOf(state: LinkState, entity: core.SourceEntity): Promise<core.Stats> {
  try {
    return await countMessages(state.connection, await state.partitionCounts.keysOf(entity));
  } catch (error) {
    throw classify(error).code === "NOT_FOUND" ? notFound(`there is no ${describeEntity(entity)}`, error) : error;
  }
}
