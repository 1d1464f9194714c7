import type { Clock } from "../base/clock.ts";
import { BrokerError } from "../base/errors.ts";
import type { HeldMessage } from "./held-message.ts";
import { decideReceipt } from "./receipt-decision.ts";
import type { ReportError } from "./reporter.ts";
import type { Settler } from "./settler.ts";
import type { SuspectTurns } from "./suspect-turns.ts";

/** Decodes a body. Throws or rejects with `UNDECODABLE` or `INVALID_BODY`. */
export type ReadBody = (body: Uint8Array, contentType: string | undefined) => unknown;

/** The steps between a delivery and its handler. Each returns whether the handler may see the message. */
export interface Preparation {
  readonly prepare: (held: HeldMessage) => boolean | Promise<boolean>;
  /** The same for a suspect. Never rejects. */
  readonly prepareSuspect: (held: HeldMessage) => Promise<boolean>;
}

/**
 * Creates the function that prepares a message for its handler. It settles early, expired and filtered messages, and
 * decodes the body of any other. A message whose body cannot be decoded is dead-lettered. The function returns whether
 * the handler may see the message.
 */
export function preparer(
  clock: Clock,
  read: ReadBody,
  report: ReportError,
  settler: Settler,
  turns: SuspectTurns,
): Preparation {
  const isForHandler = (held: HeldMessage): boolean => {
    const now = clock.now();
    // After a stop of the process this may be noticed here before the leases are looked at.
    if (held.leaseUntil !== undefined && held.leaseUntil <= now) {
      held.holder.leaseEnded(held);
      return false;
    }
    const decision = decideReceipt(held.delivery.headers, held.notBefore, held.holder.filter, now);
    switch (decision.action) {
      case "handle":
        return true;
      case "requeue":
        settler.requeue(held, decision.wait, {});
        return false;
      case "discard":
        settler.discard(held, "expired", "expired");
        return false;
      case "filter-out":
        settler.filterOut(held);
        return false;
    }
  };
  const unreadable = (held: HeldMessage, error: unknown): false => {
    report(error, held);
    const code = error instanceof BrokerError ? error.code : "INVALID_BODY";
    if (held.state === "running") settler.giveUp(held, code, error);
    return false;
  };
  const prepare = (held: HeldMessage): boolean | Promise<boolean> => {
    if (!isForHandler(held)) return false;
    const done = (value: unknown): true => {
      held.decoded(value);
      return true;
    };
    try {
      const value = read(held.delivery.body, held.delivery.contentType);
      return value instanceof Promise ? value.then(done, (error: unknown) => unreadable(held, error)) : done(value);
    } catch (error) {
      return unreadable(held, error);
    }
  };
  const prepareSuspect = async (held: HeldMessage): Promise<boolean> => {
    if (turns.condemns(held)) {
      settler.giveUp(held, "crash-loop", undefined);
      return false;
    }
    // Should it kill this process, what was acked before must not come back and be suspected too.
    await turns.flush();
    return held.state === "running" && prepare(held);
  };
  return { prepare, prepareSuspect };
}
