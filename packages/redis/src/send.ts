import type * as core from "@anybroker/core/driver";
import { notFound, orAborted, unavailable } from "@anybroker/core/driver";
import { silenceLimit } from "./connection.ts";
import { isServerError } from "./errors.ts";
import { type AddTarget, type AddTargets, addMessages, MessageList, type Refusal } from "./scripts/add-messages.ts";
import { groupsOf } from "./state/groups-of.ts";
import type { LinkState } from "./state/link-state.ts";
import { partitionOf, sourceKeys, topicKeys } from "./topology.ts";
import { addFields, toArgument } from "./wire.ts";

/** A half of a batch with fewer messages than this is not worth a script of its own. */
const MIN_HALF = 16;

type Batch = readonly core.OutgoingMessage[];

/** Sends batches. */
export class Sender {
  readonly #state: LinkState;
  /** How many scripts and single messages have no reply yet. */
  #inFlight = 0;

  constructor(state: LinkState) {
    this.#state = state;
  }

  /**
   * `Link.send`. A batch is one script. While nothing else is in flight, a large batch is two scripts, so that the
   * server runs the first one while the client prepares the second.
   */
  async send(
    destination: core.Destination,
    batch: Batch,
    report: core.ReportOutcome,
    signal: AbortSignal,
  ): Promise<void> {
    const half = Math.ceil(batch.length / 2);
    // Messages with keys stay in one script: it tries no message after an earlier one of the same key was refused.
    if (this.#inFlight === 0 && half >= MIN_HALF && batch.every(({ key }) => key === undefined)) {
      const firstHalf = this.#add(destination, batch.slice(0, half), report, signal);
      const reportSecond: core.ReportOutcome = (index, failure) => report(half + index, failure);
      await this.#add(destination, batch.slice(half), reportSecond, signal);
      await firstHalf;
    } else {
      await this.#add(destination, batch, report, signal);
    }
    const { topicTrimmer, settings } = this.#state;
    if (destination.kind === "topic") topicTrimmer.trim(topicKeys(settings, destination.name));
  }

  /** Adds messages in one step and reports each. Never rejects. */
  async #add(
    destination: core.Destination,
    batch: Batch,
    report: core.ReportOutcome,
    signal: AbortSignal,
  ): Promise<void> {
    const { connection, context } = this.#state;
    if (!connection.writable()) {
      reportFailures(batch, 0, report, { error: unavailable("the connection is closing"), outcomeUnknown: false });
      return;
    }
    const now = context.clock.now();
    try {
      const targets = isOrderedQueue(destination)
        ? await this.#partitionsOf(destination, signal)
        : this.#targetOf(destination);
      const messages = this.#listOf(batch, targets, now);
      this.#inFlight += 1;
      const adding = this.#addList(messages, targets, batch).finally(() => {
        this.#inFlight -= 1;
      });
      const refusal = await orAborted(adding, signal);
      await this.#waitForReplicas(signal);
      const accepted = refusal?.accepted ?? batch.length;
      for (let index = 0; index < accepted; index += 1) {
        report(index);
        const onUnrouted = batch[index]?.onUnrouted;
        if (onUnrouted !== undefined) void this.#askForGroups(targets[0].stream, onUnrouted);
      }
      if (refusal === undefined) return;
      const stream = targets[partitionOf(batch[accepted]?.key, targets.length)]?.stream;
      const error = refusal.error ?? notFound(`there is no stream ${stream}`);
      reportFailures(batch, accepted, report, { error, outcomeUnknown: false });
    } catch (error) {
      reportFailures(batch, 0, report, { error, outcomeUnknown: !isServerError(error) });
    }
  }

  async #partitionsOf(queue: core.QueueEntity, signal: AbortSignal): Promise<AddTargets> {
    const { streams } = await orAborted(this.#state.partitionCounts.keysOf(queue), signal);
    return streams;
  }

  /** Without an order to keep, all messages go to the first stream of a queue, however many it has. */
  #targetOf(destination: core.Destination): AddTargets {
    const { settings } = this.#state;
    return destination.kind === "topic"
      ? [topicKeys(settings, destination.name)]
      : sourceKeys(settings, destination).streams;
  }

  #listOf(batch: Batch, targets: AddTargets, now: number): MessageList {
    const messages = new MessageList();
    for (const message of batch) {
      const partition = partitionOf(message.key, targets.length);
      const delay = Math.max(0, Math.ceil((message.deliverAt ?? now) - now));
      if (delay > 0) this.#state.delayTimers.schedule(targets[partition] ?? targets[0], delay);
      addFields(messages.fields, message);
      messages.endMessage(partition, delay);
    }
    return messages;
  }

  #addList(messages: MessageList, targets: AddTargets, batch: Batch): Promise<Refusal | undefined> {
    const [message] = batch;
    const single = batch.length === 1 && message !== undefined && !messages.delayed;
    return single
      ? this.#addOne(messages, targets[partitionOf(message.key, targets.length)] ?? targets[0])
      : addMessages(this.#state.connection, targets, messages);
  }

  /** A plain `XADD` costs the server much less than a script. */
  async #addOne({ fields }: MessageList, { stream }: AddTarget): Promise<Refusal | undefined> {
    const command = ["NOMKSTREAM", "*", ...fields.map(toArgument)];
    const id = await this.#state.connection.command("XADD", stream, ...command);
    return id === null ? { accepted: 0, error: undefined } : undefined;
  }

  /**
   * Calls back if the stream of a topic has no group. To call when the entry is stored: a group that is created later does
   * not get it. Never rejects.
   */
  async #askForGroups(stream: string, onUnrouted: () => void): Promise<void> {
    const groups = await groupsOf(this.#state, stream).catch(() => undefined);
    if (groups?.length === 0) onUnrouted();
  }

  /** Waits until as many replicas as the options say have all that this connection has sent so far. */
  async #waitForReplicas(signal: AbortSignal): Promise<void> {
    const { connection, settings, context } = this.#state;
    const { replicas } = settings;
    if (replicas === undefined) return;
    // The server is silent while it waits, which must not look like a dead server.
    const timeout = Math.floor(silenceLimit(settings, context.lease) / 2);
    const found = Number(await orAborted(connection.command("WAIT", replicas, timeout), signal));
    if (found < replicas) throw unavailable(`${found} of ${replicas} replicas have it`);
  }
}

function isOrderedQueue(destination: core.Destination): destination is core.QueueEntity {
  return destination.kind === "queue" && destination.ordered;
}

/** Reports the same failure for all messages from this index on. */
function reportFailures(batch: Batch, from: number, report: core.ReportOutcome, failure: core.SendFailure): void {
  for (let index = from; index < batch.length; index += 1) report(index, failure);
}
