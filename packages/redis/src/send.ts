import { randomUUID } from "node:crypto";
import type * as core from "@anybroker/core/driver";
import { BrokerError, orAborted } from "@anybroker/core/driver";
import { unavailable } from "./connection.ts";
import { isAnswer } from "./errors.ts";
import { keysOf, type Life } from "./life.ts";
import { ADD, TRIM } from "./scripts.ts";
import { type Feed, partitionOf, sourceKeys, type TopicKeys, topicKeys } from "./topology.ts";
import { pack, toFields } from "./wire.ts";

/** A topic is trimmed from here at most this often, in milliseconds. */
const TRIM_EVERY = 1_000;

/** `Link.send`: one script for the whole batch. */
export async function send(life: Life, ...[to, batch, report, signal]: Parameters<core.Link["send"]>): Promise<void> {
  const fail = (from: number, error: unknown, outcomeUnknown: boolean): void => {
    for (let index = from; index < batch.length; index += 1) report(index, { error, outcomeUnknown });
  };
  const { connection, settings, context } = life;
  if (!connection.writable()) return fail(0, unavailable("the connection is closing"), false);
  const now = context.clock.now();
  const waits = batch.map(({ deliverAt = now }) => Math.max(0, Math.ceil(deliverAt - now)));
  try {
    const feeds = to.kind === "topic" ? [topicKeys(settings, to.name)] : await queueFeeds(life, to, signal);
    const places = batch.map(({ key }) => partitionOf(key, feeds.length));
    const messages = batch.map((message, at) => [
      String((places[at] ?? 0) + 1),
      String(waits[at]),
      ...toFields(message),
    ]);
    const keys = feeds.flatMap(({ stream, delay }) => [stream, delay]);
    const adding = connection.run(ADD, keys, pack(messages), randomUUID());
    for (const [at, wait] of waits.entries()) {
      const feed = feeds[places[at] ?? 0];
      if (wait > 0 && feed !== undefined) life.promoter.arm(feed, wait);
    }
    // The cast is true: that is what the script answers.
    const [accepted = batch.length, reason] = (await orAborted(adding, signal)) as [number?, Buffer?];
    for (let index = 0; index < accepted; index += 1) report(index);
    if (accepted < batch.length) fail(accepted, refusal(String(reason)), false);
  } catch (error) {
    fail(0, error, !isAnswer(error));
  }
  if (to.kind === "topic") trim(life, topicKeys(settings, to.name));
}

/** The streams of a queue; only who keeps order has to look how many there are. */
async function queueFeeds(life: Life, to: core.QueueEntity, signal: AbortSignal): Promise<readonly Feed[]> {
  const { feeds } = to.ordered ? await orAborted(keysOf(life, to), signal) : sourceKeys(life.settings, to);
  return feeds;
}

/** What a command inside a script was refused for. */
export function refusal(reason: string): Error {
  if (reason.startsWith("NOGROUP")) return new BrokerError("NOT_FOUND", reason.slice("NOGROUP ".length));
  return Object.assign(new Error(reason), { name: "ReplyError" });
}

/** Deletes from a topic what nobody needs any more, now and then. */
export function trim(life: Life, { stream, retention }: TopicKeys): void {
  const now = Date.now();
  if (now - (life.trimmed.get(stream) ?? 0) < TRIM_EVERY) return;
  life.trimmed.set(stream, now);
  // What could not be trimmed stays, and is tried again.
  life.connection.run(TRIM, [stream, retention]).catch(() => {});
}
