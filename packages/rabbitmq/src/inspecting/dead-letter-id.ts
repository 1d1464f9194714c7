import { createHash } from "node:crypto";
import type * as core from "@anybroker/core/driver";
import { OWN } from "@anybroker/core/driver";
import type { ConsumeMessage } from "amqplib";

type DeadLetterId = Pick<core.DeadLetterEntry, "deadLetterId">;

/**
 * The same at every look: when it died, the id it was sent with, and what tells it from others of that id. Of those
 * that are the same in every byte, one is as good as the other.
 */
export function idOf({ properties, content }: ConsumeMessage, ids: Map<string, number>): string {
  const { "x-delivery-count": _, "x-acquired-count": __, ...headers } = properties.headers ?? {};
  const byBroker: unknown = headers["x-death"]?.[0]?.time.value;
  const diedAt = new Date(headers[OWN.deadAt] ?? Number(byBroker) * 1_000).getTime() || 0;
  // The server sorts the headers when it adds one of its own.
  const sorted = Object.entries(headers).sort(([one], [other]) => (one < other ? -1 : 1));
  const all = JSON.stringify([{ ...properties, headers: undefined }, sorted]);
  const hash = createHash("sha256").update(all).update(content).digest("base64url").slice(0, 12);
  const id = `${diedAt}/${properties.messageId ?? ""}/${hash}`;
  const twins = ids.get(id) ?? 0;
  ids.set(id, twins + 1);
  return twins === 0 ? id : `${id}/${twins}`;
}

/** What died in the same millisecond goes by the id it was sent with, which usually begins with a time too. */
export function oldestFirst({ deadLetterId: one }: DeadLetterId, { deadLetterId: other }: DeadLetterId): number {
  return Number.parseInt(one, 10) - Number.parseInt(other, 10) || (one < other ? -1 : Number(one > other));
}
