import type { LinkHealth } from "@anybroker/core/driver";
import type { LinkState } from "./state/link-state.ts";

/** The part of either bound from which on an instance is degraded. */
const NEARLY_FULL = 0.9;

/** `Link.health`. */
export function health(link: LinkState): LinkHealth {
  link.connection.check();
  const { name = "", budget, links } = link.connection.instance;
  const { messages, maxMessages, bytes, maxBytes } = budget;
  const fullness = Math.max(messages / maxMessages, bytes / maxBytes);
  return {
    degraded: fullness < NEARLY_FULL ? undefined : `${Math.floor(fullness * 100)} % full`,
    details: { name, messages, maxMessages, bytes, maxBytes, links },
  };
}
