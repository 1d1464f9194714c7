import type * as core from "@anybroker/core/driver";
import { countMessages } from "./scripts/count-messages.ts";
import type { LinkState } from "./state/link-state.ts";

/** Counts the messages of a queue or subscription. */
export async function statsOf(state: LinkState, entity: core.SourceEntity): Promise<core.Stats> {
  return countMessages(state.connection, await state.partitionCounts.keysOf(entity));
}
