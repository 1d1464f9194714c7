import type * as core from "@anybroker/core/driver";
import { classify } from "./errors.ts";
import { administer } from "./state/administration.ts";
import type { LinkState } from "./state/link-state.ts";

/** `Link.health`. The service tells its tier to those who may manage the namespace. */
export async function health(link: LinkState, signal: AbortSignal): Promise<core.LinkHealth> {
  const { host } = link.settings;
  try {
    const { messagingSku } = await administer(link, "looking at the namespace", signal, (admin, some) =>
      admin.getNamespaceProperties(some),
    );
    return { degraded: undefined, details: { host, tier: messagingSku } };
  } catch (error) {
    if (classify(error).code !== "FORBIDDEN") throw error;
    return { degraded: undefined, details: { host } };
  }
}
