import type * as core from "@anybroker/core/driver";
import { orAborted } from "@anybroker/core/driver";
import type { Session } from "./cluster/session.ts";

/** `Link.health`. */
export async function health(session: Session, signal: AbortSignal): Promise<core.LinkHealth> {
  await orAborted(session.metadata([]), signal);
  return { degraded: undefined, details: {} };
}
