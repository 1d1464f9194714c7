import { pause } from "../base/clock.ts";
import { BrokerError } from "../base/errors.ts";
import { withTimeLimit } from "../base/time-limit.ts";
import { cancelled } from "../base/wait.ts";
import type { Link } from "../contract/link.ts";
import type { BrokerContext } from "./context.ts";

/** The wait before a failed request is repeated, in ms. */
const RETRY_WAIT = 200;

/**
 * Sends a request about a source to the server, when there is a link. The source is not declared for it. Repeats a request
 * that fails for now, for example because the connection is lost. Rejects with `TIMEOUT` after `timeout` ms in all, with
 * `CANCELLED` if the signal aborts, and with `NOT_FOUND` if there is no such source.
 */
export function askLink<T>(
  context: BrokerContext,
  what: string,
  timeout: number,
  signal: AbortSignal | undefined,
  request: (link: Link, signal: AbortSignal) => Promise<T>,
): Promise<T> {
  return withTimeLimit(timeout, async (limit) => {
    const stop = signal === undefined ? limit : AbortSignal.any([limit, signal]);
    const { connection } = context;
    for (;;) {
      try {
        const link = await connection.up(stop, what);
        return await connection.within(link, request(link, stop), stop);
      } catch (error) {
        const wrapped = connection.wrap(error, what);
        if (signal?.aborted === true) throw cancelled(what, signal);
        if (!stop.aborted && !wrapped.retryable) throw wrapped;
        if (!stop.aborted) await pause(connection.context.clock, RETRY_WAIT, stop);
        if (limit.aborted) {
          const why = connection.link === undefined ? connection.lastError : undefined;
          const text = `${what}: no answer within ${timeout} ms${why === undefined ? "" : `: ${why.message}`}`;
          throw new BrokerError("TIMEOUT", text, { retryable: true, cause: why ?? error });
        }
      }
    }
  });
}
