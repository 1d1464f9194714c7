import type { SourceEntity, Stats } from "@anybroker/core/driver";
import type { LinkState } from "./state/link-state.ts";
import { sourceStore } from "./topology.ts";

/** `Link.stats`. */
export function stats(link: LinkState, source: SourceEntity): Stats {
  link.connection.check();
  return sourceStore(link, source).stats();
}
