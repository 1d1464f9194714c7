import type * as core from "@anybroker/core/driver";
import { onChannel } from "./connection.ts";
import type { LinkState } from "./state/link-state.ts";

/** `Link.health`. */
export async function health(link: LinkState, signal: AbortSignal): Promise<core.LinkHealth> {
  const { publishing, consuming, host } = link;
  // A round trip for which the account needs no right.
  await onChannel(consuming, signal, () => Promise.resolve());
  const alarm = publishing.blocked();
  return {
    degraded: alarm === undefined ? undefined : `the server takes no messages at present: ${alarm}`,
    details: {
      host: host.port === undefined ? host.host : `${host.host}:${host.port}`,
      version: consuming.model.connection.serverProperties.version,
    },
  };
}
