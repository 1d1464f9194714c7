import type * as core from "@anybroker/core/driver";
import { delayStepName, retryStepName, stepBelow } from "@anybroker/core/driver";
import type { LinkState } from "./cluster/link-state.ts";
import type { RecordToWrite } from "./cluster/writer.ts";
import { toRecord } from "./wire.ts";

/** An ordered subscription handles messages without a key as if they had one key, the empty one. */
const EMPTY_KEY = { partitionKey: "" };
const NO_KEY = {};

/** `Link.send`. */
export async function send(
  { context, naming, writer }: LinkState,
  destination: core.Destination,
  batch: readonly core.OutgoingMessage[],
  report: core.ReportOutcome,
  signal: AbortSignal,
): Promise<void> {
  const now = context.clock.now();
  const isQueue = destination.kind === "queue";
  const name = isQueue ? naming.queue(destination.name) : naming.topic(destination.name);
  const keyless = isQueue ? NO_KEY : EMPTY_KEY;
  const records = batch.map((message): RecordToWrite => {
    const { deliverAt } = message;
    if (deliverAt === undefined || deliverAt <= now) {
      return { topic: name, record: toRecord(message), ...keyless };
    }
    const step = stepBelow(deliverAt - now);
    const topic = isQueue ? retryStepName(name, step) : delayStepName(name, step);
    return { topic, record: toRecord(message) };
  });
  await writer.write(records, report, signal);
}
