import type * as core from "@anybroker/core/driver";
import { codeOf, orAborted, unsupported } from "@anybroker/core/driver";
import type { ServiceBusReceiver } from "@azure/service-bus";
import type Long from "long";
import { placeOf } from "./declaring/places.ts";
import { isMissing, isSessionMismatch } from "./errors.ts";
import { peek } from "./inspecting/peek.ts";
import type { LinkState } from "./state/link-state.ts";

/** The most messages that are dropped at once. */
const AT_ONCE = 2_000;
/** How long to wait for another message, in ms. */
const WAIT = 300;

/** `Link.purge`. */
export async function purge(link: LinkState, entities: readonly core.Entity[], signal: AbortSignal): Promise<void> {
  for (const entity of entities) {
    if (entity.kind === "topic") {
      throw unsupported(
        `the service does not show the delayed messages of topic ${entity.name}: name subscriptions to purge`,
      );
    }
    try {
      const { path, queue } = await placeOf(link, entity, signal);
      await purgeOne(link, path, queue, signal);
    } catch (error) {
      if (!isMissing(error)) throw error;
    }
  }
}

async function purgeOne(link: LinkState, path: string, queue: string | undefined, signal: AbortSignal): Promise<void> {
  const delayed: Long[] = [];
  const sessions = new Set<string>();
  let isPlain = false;
  for await (const { state, sequenceNumber, sessionId } of peek(link, { path, dead: false }, undefined, signal)) {
    if (state === "scheduled") {
      if (sequenceNumber !== undefined) delayed.push(sequenceNumber);
    } else if (sessionId === undefined) isPlain = true;
    else sessions.add(sessionId);
  }
  if (delayed.length > 0 && queue !== undefined) {
    await orAborted(link.senders.to(queue).cancelScheduledMessages(delayed, { abortSignal: signal }), signal);
  }
  const { client } = link.connection;
  const mode = { receiveMode: "receiveAndDelete" } as const;
  if (isPlain || sessions.size > 0) {
    try {
      return await dropAll(client.createReceiver(path, { ...mode }), signal);
    } catch (error) {
      if (!isSessionMismatch(error)) throw error;
    }
  }
  for (const session of sessions) {
    try {
      await dropAll(await orAborted(client.acceptSession(path, session, { ...mode }), signal), signal);
    } catch (error) {
      // A consumer has the session.
      if (codeOf(error) !== "SessionCannotBeLocked") throw error;
    }
  }
}

async function dropAll(receiver: ServiceBusReceiver, signal: AbortSignal): Promise<void> {
  try {
    let dropped: readonly unknown[];
    do {
      dropped = await receiver.receiveMessages(AT_ONCE, { maxWaitTimeInMs: WAIT, abortSignal: signal });
    } while (dropped.length > 0);
  } finally {
    await receiver.close();
  }
}
