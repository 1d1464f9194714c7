import type { Clock } from "../base/clock.ts";
import { BrokerError } from "../base/errors.ts";
import type { SourceEntity } from "../contract/entities.ts";
import type { HeldMessage } from "./held-message.ts";
import { decideReceipt } from "./receipt-decision.ts";
import type { ReportError } from "./report-error.ts";
import type { Settler } from "./settler.ts";

/** Decodes a body. Throws or rejects with `UNDECODABLE` or `INVALID_BODY`. */
export type ReadBody = (body: Uint8Array, contentType: string | undefined) => unknown;

/**
 * Creates the function that prepares a message for its handler. It settles early, expired and filtered messages, and
 * decodes the body of any other. A message whose body cannot be decoded is dead-lettered. The function returns whether
 * the handler may see the message.
 */
export function preparer(
  entity: SourceEntity,
  clock: Clock,
  read: ReadBody,
  report: ReportError,
  settler: Settler,
): (held: HeldMessage) => boolean | Promise<boolean> {
  const filter = entity.kind === "subscription" ? entity.filter : undefined;
  const isForHandler = (held: HeldMessage): boolean => {
    const decision = decideReceipt(held.delivery.headers, filter, clock.now());
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
  return (held) => {
    if (!isForHandler(held)) return false;
    const done = (value: unknown): true => {
      held.body = value;
      return true;
    };
    try {
      const value = read(held.delivery.body, held.delivery.contentType);
      return value instanceof Promise ? value.then(done, (error: unknown) => unreadable(held, error)) : done(value);
    } catch (error) {
      return unreadable(held, error);
    }
  };
}
