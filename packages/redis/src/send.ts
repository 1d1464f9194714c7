import { randomUUID } from "node:crypto";
import type * as core from "@anybroker/core/driver";
import { orAborted } from "@anybroker/core/driver";
import { type Connection, heartbeatOf, unavailable } from "./connection.ts";
import { isAnswer, notFound } from "./errors.ts";
import { keysOf, type Life } from "./life.ts";
import { ADD, TRIM } from "./scripts.ts";
import { type Feed, partitionOf, type SourceKeys, sourceKeys, type TopicKeys, topicKeys } from "./topology.ts";
import { addFields, pack, type Text, toArgument } from "./wire.ts";

/** A topic is trimmed from here at most this often, in milliseconds, unless so much was deleted that there may be more. */
const TRIM_EVERY = 1_000;
const MUCH = 10_000;

/** From so many messages on a script is worth its call. */
const WORTHWHILE = 16;

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
    const [fields, rows]: [Text[], number[]] = [[], []];
    for (const message of batch) {
      const place = partitionOf(message.key, feeds.length);
      const wait = Math.max(0, Math.ceil((message.deliverAt ?? now) - now));
      if (wait > 0) life.promoter.arm(feeds[place] ?? feeds[0], wait);
      const before = fields.length;
      addFields(fields, message);
      addRow(rows, place + 1, wait, fields.length - before);
    }
    life.sending += 1;
    const adding = addTo(connection, feeds, batch, fields, rows).finally(() => {
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

/** Adds a message to the last row, if it goes as those of it; a row is a pair, a wait, a count, and how many. */
function addRow(rows: number[], pair: number, wait: number, count: number): void {
  const last = rows.length - 4;
  if (rows[last] === pair && rows[last + 1] === wait && rows[last + 2] === count)
    rows[last + 3] = (rows[last + 3] ?? 0) + 1;
  else rows.push(pair, wait, count, 1);
}

/** Answers how many were accepted, if not all, and why not the next one. */
async function addTo(
  connection: Connection,
  feeds: readonly Pick<Feed, "stream" | "delay">[],
  batch: readonly core.OutgoingMessage[],
  fields: readonly Text[],
  rows: readonly number[],
): Promise<[accepted?: number, error?: Error]> {
  const streamOf = (index: number): string => feeds[partitionOf(batch[index]?.key, feeds.length)]?.stream ?? "";
  if (batch.length === 1 && rows[1] === 0) {
    // One alone is not worth a script.
    const id = await connection.command("XADD", streamOf(0), "NOMKSTREAM", "*", ...fields.map(toArgument));
    return id === null ? [0, notFound(`stream ${streamOf(0)}`)] : [];
  }
  const keys = feeds.flatMap(({ stream, delay }) => [stream, delay]);
  // The cast is true: that is what the script answers.
  const answer = await connection.run(ADD, keys, pack(fields), pack(rows), randomUUID());
  const [accepted, reason] = answer as [number?, Buffer?];
  if (accepted === undefined) return [];
  const refused = reason && Object.assign(new Error(String(reason)), { name: "ReplyError" });
  return [accepted, refused ?? notFound(`stream ${streamOf(accepted)}`)];
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
