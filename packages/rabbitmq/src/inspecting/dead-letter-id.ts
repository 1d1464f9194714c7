import { createHash } from "node:crypto";
import type * as core from "@anybroker/core/driver";
import { OWN, readDate } from "@anybroker/core/driver";
import type { ConsumeMessage } from "amqplib";

type WithId = Pick<core.DeadLetterEntry, "deadLetterId">;

/**
 * The id of a dead letter, the same each time it is received: when it was dead-lettered, the id it was sent with, and a
 * hash of everything else. Messages that are equal in every byte are interchangeable, so `seen` numbers them in the order
 * in which they are received.
 */
export function deadLetterIdOf({ properties, content }: ConsumeMessage, seen: Map<string, number>): string {
  // Each look at the message raises these two counts.
  const { "x-delivery-count": _, "x-acquired-count": __, ...headers } = properties.headers ?? {};
  const diedAtServer: unknown = headers["x-death"]?.[0]?.time?.value;
  const deadAt: unknown = headers[OWN.deadAt];
  const date = typeof deadAt === "string" ? readDate(deadAt) : undefined;
  const diedAt = date?.getTime() ?? (Number(diedAtServer) * 1_000 || 0);
  // The server sorts the headers when it adds one of its own.
  const sorted = Object.entries(headers).sort(([one], [other]) => (one < other ? -1 : 1));
  const everything = JSON.stringify([{ ...properties, headers: undefined }, sorted]);
  const hash = createHash("sha256").update(everything).update(content).digest("base64url").slice(0, 12);
  const id = `${diedAt}/${properties.messageId ?? ""}/${hash}`;
  const number = seen.get(id) ?? 0;
  seen.set(id, number + 1);
  return number === 0 ? id : `${id}/${number}`;
}

/**
 * Oldest first. Dead letters of the same millisecond are in the order of the ids they were sent with, which usually begin
 * with a time as well.
 */
export function compareAge({ deadLetterId: one }: WithId, { deadLetterId: other }: WithId): number {
  const difference = Number.parseInt(one, 10) - Number.parseInt(other, 10);
  if (difference !== 0) return difference;
  return one < other ? -1 : Number(one > other);
}
