import type { Delivery } from "../src/contract/message.ts";

/** A delivery whose body is its id. */
export const delivery = (id: string, fields: Partial<Delivery> = {}): Delivery => ({
  body: Buffer.from(id),
  id,
  contentType: "text/plain",
  headers: {},
  key: undefined,
  type: undefined,
  correlationId: undefined,
  replyTo: undefined,
  sentAt: undefined,
  position: id,
  deliveries: undefined,
  leaseUntil: undefined,
  native: undefined,
  ...fields,
});
