import { pause } from "../base/clock.ts";
import { BrokerError } from "../base/errors.ts";
import { cancelled } from "../base/wait.ts";
import type { SourceEntity } from "../contract/entities.ts";
import type { Link } from "../contract/link.ts";

import type { BrokerContext } from "./context.ts";

/** A question that failed for now is asked again after this long, in milliseconds. */
const ASK_AGAIN = 200;

/**
 * Asks the link something about a source once it is up and the source declared; again when that fails for now, as it
 * does when the connection is lost meanwhile; for so many milliseconds in all.
 */
export async function askLink<T>(
  context: BrokerContext,
  entity: SourceEntity,
  what: string,
  timeout: number,
  signal: AbortSignal | undefined,
  question: (link: Link, signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const limit = AbortSignal.timeout(timeout);
  const stop = signal === undefined ? limit : AbortSignal.any([limit, signal]);
  const { connection, declarations } = context;
  for (let tries = 0; ; tries += 1) {
    try {
      const link = await connection.up(stop, what);
      await declarations.ensure(link, entity);
      return await connection.within(link, question(link, stop), stop);
    } catch (error) {
      const wrapped = connection.wrap(error, what);
      if (signal?.aborted === true) throw cancelled(what, signal);
      const mayComeBack = declarations.gone(entity, wrapped) && tries === 0;
      if (!stop.aborted && !wrapped.retryable && !mayComeBack) throw wrapped;
      if (!stop.aborted) await pause(connection.context.clock, ASK_AGAIN, stop);
      if (limit.aborted) {
        const why = connection.link === undefined ? connection.lastError : undefined;
        const text = `${what}: no answer within ${timeout} ms${why === undefined ? "" : `: ${why.message}`}`;
        throw new BrokerError("TIMEOUT", text, { retryable: true, cause: why ?? error });
      }
    }
  }
}
