import type { Classification } from "../base/errors.ts";

/**
 * Tries the hosts in turn until one accepts the connection. Stops at an error that is not retryable, such as a refused
 * password, because it would be the same on every host. Rejects with the last error.
 */
export async function connectToAny<Host, Connected>(
  hosts: readonly Host[],
  classify: (error: unknown) => Classification,
  signal: AbortSignal,
  connect: (host: Host) => Promise<Connected>,
): Promise<Connected> {
  let last: unknown = new Error("there is no host to connect to");
  for (const host of hosts) {
    try {
      return await connect(host);
    } catch (error) {
      last = error;
      if (signal.aborted || !classify(error).retryable) break;
    }
  }
  throw last;
}
