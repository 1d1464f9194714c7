import type { Classification } from "../base/errors.ts";

/**
 * Connects to the first host that can be reached, in their order. Ends at the first error that trying again cannot mend,
 * such as a refused password: it speaks for all hosts. Rejects with the last error.
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
