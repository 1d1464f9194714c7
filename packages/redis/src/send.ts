import { randomUUID } from "node:crypto";
import type * as core from "@anybroker/core/driver";
import { orAborted } from "@anybroker/core/driver";
import { type Connection, heartbeatOf, unavailable } from "./connection.ts";
import { isAnswer, notFound } from "./errors.ts";
import { keysOf, type Life } from "./life.ts";
import { ADD, TRIM } from "./scripts.ts";
import { type Feed, partitionOf, type SourceKeys, sourceKeys, type TopicKeys, topicKeys } from "./topology.ts";
import { pack, type Text, toArgument, toFields } from "./wire.ts";

/** A topic is trimmed from here at most this often, in milliseconds, unless so much was deleted that there may be more. */
const TRIM_EVERY = 1_000;
const MUCH = 10_000;

/** From so many messages on a script is worth its call. */
const WORTHWHILE = 16;

/** A message as the script takes it: for which of the feeds, from 1 on, how many milliseconds it waits, and its fields. */
type Message = readonly Text[];

/** `Link.send`: one script, or two where nothing else is on its way, so that server and client work at the same time. */
export async function send(life: Life, ...[to, batch, report, signal]: Parameters<core.Link["send"]>): Promise<void> {
  const half = Math.ceil(batch.length / 2);
  // Messages with keys stay together: none is tried once an earlier one of its key was refused.
  const split = life.sending === 0 && half >= WORTHWHILE && batch.every(({ key }) => key === undefined);
  const first = add(life, to, split ? batch.slice(0, half) : batch, report, signal);
  if (split) await add(life, to, batch.slice(half), (index, failure) => report(half + index, failure), signal);
  await first;
  if (to.kind === "topic") trim(life, topicKeys(life.settings, to.name));
}

/** Adds messages in one step; never rejects. */
async function add(life: Life, ...[to, batch, report, signal]: Parameters<core.Link["send"]>): Promise<void> {
  const fail = (from: number, error: unknown, outcomeUnknown: boolean): void => {
    for (let index = from; index < batch.length; index += 1) report(index, { error, outcomeUnknown });
  };
  const { connection, settings, context } = life;
  if (!connection.writable()) return fail(0, unavailable("the connection is closing"), false);
  const now = context.clock.now();
  try {
    const feeds = to.kind === "topic" ? [topicKeys(settings, to.name)] : await queueFeeds(life, to, signal);
    const messages = batch.map((message): Message => {
      const place = partitionOf(message.key, feeds.length);
      const wait = Math.max(0, Math.ceil((message.deliverAt ?? now) - now));
      if (wait > 0) life.promoter.arm(feeds[place] ?? feeds[0], wait);
      return [String(place + 1), String(wait), ...toFields(message)];
    });
    life.sending += 1;
    const adding = addTo(feeds, messages, connection).finally(() => {
      life.sending -= 1;
    });
    const [accepted = batch.length, error] = await orAborted(adding, signal);
    await replicated(life, signal);
    for (let index = 0; index < accepted; index += 1) report(index);
    if (accepted < batch.length) fail(accepted, error, false);
  } catch (error) {
    fail(0, error, !isAnswer(error));
  }
}

/** Answers how many were accepted, if not all, and why not the next one. */
async function addTo(
  feeds: readonly Pick<Feed, "stream" | "delay">[],
  messages: readonly Message[],
  connection: Connection,
): Promise<[accepted?: number, error?: Error]> {
  const streamOf = (message: Message | undefined): string => feeds[Number(message?.[0]) - 1]?.stream ?? "";
  const missing = (message: Message | undefined): Error => notFound(`stream ${streamOf(message)}`);
  const [first] = messages;
  if (messages.length === 1 && first?.[1] === "0") {
    // One alone is not worth a script.
    const id = await connection.command("XADD", streamOf(first), "NOMKSTREAM", "*", ...first.slice(2).map(toArgument));
    return id === null ? [0, missing(first)] : [];
  }
  const keys = feeds.flatMap(({ stream, delay }) => [stream, delay]);
  // The cast is true: that is what the script answers.
  const [accepted, reason] = (await connection.run(ADD, keys, pack(messages), randomUUID())) as [number?, Buffer?];
  if (accepted === undefined) return [];
  const refused = reason && Object.assign(new Error(String(reason)), { name: "ReplyError" });
  return [accepted, refused ?? missing(messages[accepted])];
}

/** Waits until as many replicas as asked for have all that was accepted on this connection so far. */
async function replicated({ connection, settings, context }: Life, signal: AbortSignal): Promise<void> {
  const { replicas } = settings;
  if (replicas === undefined) return;
  // While it waits the server is silent.
  const patience = Math.floor((settings.heartbeat ?? heartbeatOf(context.lease)) / 2);
  const found = Number(await orAborted(connection.command("WAIT", replicas, patience), signal));
  if (found < replicas) throw unavailable(`${found} of ${replicas} replicas have it`);
}

/** The streams of a queue; only who keeps order has to look how many there are. */
async function queueFeeds(life: Life, to: core.QueueEntity, signal: AbortSignal): Promise<SourceKeys["feeds"]> {
  return (to.ordered ? await orAborted(keysOf(life, to), signal) : sourceKeys(life.settings, to)).feeds;
}

/** Deletes from a topic what nobody needs any more, now and then. */
export function trim(life: Life, { stream, retention }: TopicKeys): void {
  const now = Date.now();
  if (now - (life.trimmed.get(stream) ?? 0) < TRIM_EVERY) return;
  life.trimmed.set(stream, now);
  // What could not be trimmed stays, and is tried again.
  const trimming = life.connection.run(TRIM, [stream, retention], MUCH).then((deleted) => {
    if (Number(deleted) >= MUCH) life.trimmed.delete(stream);
  });
  trimming.catch(() => {});
}
