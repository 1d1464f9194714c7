import type * as core from "@anybroker/core/driver";
import { classify } from "../errors.ts";
import { createEphemeralGroup } from "../scripts/create-ephemeral-group.ts";
import { forgetConsumers } from "../scripts/forget-consumers.ts";
import type { LinkState } from "../state/link-state.ts";
import { ephemeralGroup, type SourceKeys, type SourceStream, startOf } from "../topology.ts";
import { collect, placesOf } from "./collect.ts";
import type { Consumer } from "./consumer.ts";

/** No entry has this id or a later one, so that a read from here on finds nothing. */
const END_OF_STREAM = "18446744073709551614-0";

/** The place of a consumer in the groups of its source. */
export interface Membership {
  /** The streams to read, each with its group. */
  readonly streams: Consumer["streams"];
  /** Whether there is a return queue. */
  readonly returnQueue: boolean;
  /** Ends what runs in the background. Changes nothing on the server. */
  stop(): void;
  /** Removes the consumer from the server, which must hold nothing any more. */
  leave(): Promise<unknown>;
}

/**
 * Joins the groups of a queue or durable subscription, which must exist. Only the return queue may be missing where
 * this link may not create it.
 */
export async function joinGroups(
  state: LinkState,
  entity: core.SourceEntity,
  keys: SourceKeys,
  consumer: string,
): Promise<Membership> {
  const joined: SourceStream[] = [];
  for (const [index, place] of placesOf({ state, streams: keys.streams }).entries()) {
    try {
      await collect({ state, keys, name: consumer }, [place], 0);
      joined.push(keys.streams[index] ?? keys.streams[0]);
    } catch (error) {
      const needed = joined.length === 0 || state.context.topology === "create";
      if (needed || classify(error).code !== "NOT_FOUND") throw error;
    }
  }
  const [first = keys.streams[0], ...others] = joined;
  const streams = [first, ...others] as const;
  const leave = ({ stream, group }: SourceStream): Promise<void> =>
    forgetConsumers(state.connection, { stream, group, consumer });
  return {
    streams,
    returnQueue:
      entity.kind === "subscription" ? streams.length === keys.streams.length : await queueReturns(state, keys),
    stop() {},
    leave: () => Promise.allSettled(streams.map(leave)),
  };
}

/**
 * A queue's retries wait in its delayed set. An empty set does not exist in Redis, so it shows nothing. The queue's dead letters
 * are created together with the queue, and their existence means that copies are expected in the queue.
 */
async function queueReturns({ connection, context }: LinkState, { deadLetters }: SourceKeys): Promise<boolean> {
  return context.topology === "create" || Number(await connection.command("EXISTS", deadLetters)) === 1;
}

/** Creates a group of its own for an ephemeral subscription, and shows the server at intervals that it is in use. */
export async function createOwnGroup(
  { connection, context }: LinkState,
  keys: SourceKeys,
  from: core.SubscriptionEntity["from"],
  consumer: string,
): Promise<Membership> {
  const [shared] = keys.streams;
  const { stream } = shared;
  const group = ephemeralGroup(shared.group);
  await createEphemeralGroup(connection, { stream, group, start: startOf(from), consumer });
  const showLife = (): void => {
    const read = ["GROUP", group, consumer, "COUNT", 1, "STREAMS", stream, END_OF_STREAM];
    connection.command("XREADGROUP", ...read).catch(() => {});
  };
  const timer = setInterval(showLife, context.lease / 3).unref();
  return {
    streams: [{ ...shared, group, exclusive: false }],
    returnQueue: false,
    stop: () => clearInterval(timer),
    leave: () => connection.command("XGROUP", "DESTROY", stream, group),
  };
}
