import type { Clock } from "../base/clock.ts";
import { BrokerError } from "../base/errors.ts";
import type { SourceEntity } from "../contract/entities.ts";
import { OWN } from "../contract/headers.ts";
import { matches } from "./filter.ts";
import type { Held } from "./held.ts";
import { expired, type Outcome } from "./outcome.ts";
import type { Report } from "./reporter.ts";

/** Reads a body: throws or rejects with `UNDECODABLE` or `INVALID_BODY`. */
export type Prepare = (body: Uint8Array, contentType: string | undefined) => unknown;

/**
 * What comes between a delivery and its handler: early, expired and filtered ones are put aside, the body is read, and
 * one that cannot be read goes to the dead letters. Answers whether the handler is to see the message.
 */
export function preparer(
  entity: SourceEntity,
  clock: Clock,
  read: Prepare,
  report: Report,
  outcome: Outcome,
  free: (held: Held) => void,
): (held: Held) => boolean | Promise<boolean> {
  const filter = entity.kind === "subscription" ? entity.filter : undefined;
  const aside = (held: Held): boolean => {
    const { headers } = held.delivery;
    const now = clock.now();
    const early = Number(headers[OWN.notBefore] ?? 0) - now;
    if (early > 0) outcome.goRound(held, early, {});
    else if (expired(held, now)) outcome.discard(held, "expired", "expired");
    else if (filter !== undefined && !matches(filter, headers)) outcome.put(held, "ack", "filtered");
    else return false;
    return true;
  };
  const unreadable = (held: Held, error: unknown): false => {
    report(error, held);
    const code = error instanceof BrokerError ? error.code : "INVALID_BODY";
    if (held.state === "running") outcome.bury(held, code, error);
    free(held);
    return false;
  };
  return (held) => {
    if (aside(held)) {
      if (held.state !== "resting") free(held);
      return false;
    }
    const done = (value: unknown): true => {
      held.value = value;
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
