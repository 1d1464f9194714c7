import type * as core from "@anybroker/core/driver";
import { stepBelow } from "@anybroker/core/driver";
import type { LinkState } from "./cluster/link-state.ts";
import type { Addressed } from "./cluster/writer.ts";
import { delayOf, stepOf } from "./topology.ts";
import { toRecord } from "./wire.ts";

/** `Link.send`. */
export async function send(
  life: LinkState,
  ...[to, batch, report, signal]: Parameters<core.Link["send"]>
): Promise<void> {
  const now = life.context.clock.now();
  const name = to.kind === "queue" ? life.naming.queue(to.name) : life.naming.topic(to.name);
  const records = batch.map((message): Addressed => {
    const early = message.deliverAt === undefined ? 0 : message.deliverAt - now;
    // An ordered subscription handles what has no key as if of one key: that of the empty one.
    const lane = to.kind === "topic" ? { lane: "" } : {};
    if (early <= 0) return { topic: name, record: toRecord(message, undefined), ...lane };
    const step = stepBelow(early);
    const topic = to.kind === "queue" ? stepOf(name, step) : delayOf(name, step);
    return { topic, record: toRecord(message, message.deliverAt) };
  });
  await life.writer.write(records, report, signal);
}
