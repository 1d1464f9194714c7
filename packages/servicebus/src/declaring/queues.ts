import type * as core from "@anybroker/core/driver";
import { forbidden, notFound, orAborted, reasonOf } from "@anybroker/core/driver";
import type { QueueProperties } from "@azure/service-bus";
import { isForbidden, isMissing } from "../errors.ts";
import { administer, ifThere, isConflict } from "../state/administration.ts";
import type { LinkState } from "../state/link-state.ts";
import { lockOf, queueOptions, readDuration } from "../topology.ts";

/** A difference of an entity from what was asked for. */
export type Difference = Omit<core.Drift, "entity">;

/** Creates a queue, or compares it with one that exists. */
export async function createOrCompare(
  link: LinkState,
  queue: string,
  ordered: boolean,
  signal: AbortSignal,
): Promise<readonly Difference[]> {
  const { lease } = link.context;
  const options = queueOptions(lockOf(lease, link.settings.emulator === true), ordered);
  const find = (): Promise<QueueProperties | undefined> => findQueue(link, queue, signal);
  const create = (): Promise<unknown> =>
    administer(link, `creating queue ${queue}`, signal, (admin, some) =>
      admin.createQueue(queue, { ...options, ...some }),
    );
  return differences(await foundOrCreated(find, create), lease, ordered);
}

/** Compares a queue with what is asked for. Rejects if there is none. */
export async function compare(
  link: LinkState,
  queue: string,
  ordered: boolean,
  signal: AbortSignal,
): Promise<readonly Difference[]> {
  const found = await findQueue(link, queue, signal);
  if (found === undefined) throw notFound(`there is no queue ${queue}`);
  return differences(found, link.context.lease, ordered);
}

/** Returns what is found, or creates it. Undefined means that it was created. */
export async function foundOrCreated<T>(
  find: () => Promise<T | undefined>,
  create: () => Promise<unknown>,
): Promise<T | undefined> {
  const found = await find();
  if (found !== undefined) return found;
  try {
    await create();
    return undefined;
  } catch (error) {
    if (!isConflict(error)) throw error;
    // Another program has created it meanwhile.
    return find();
  }
}

async function findQueue(link: LinkState, queue: string, signal: AbortSignal): Promise<QueueProperties | undefined> {
  const what = `looking at queue ${queue}`;
  const found = await ifThere(administer(link, what, signal, (admin, some) => admin.getQueue(queue, some)));
  if (found?.enablePartitioning === true) link.partitioned.add(queue);
  return found;
}

function differences(found: QueueProperties | undefined, lease: number, ordered: boolean): readonly Difference[] {
  if (found === undefined) return [];
  return [
    ...(found.requiresSession === ordered ? [] : [orderedDiffers(ordered)]),
    // A shorter lock keeps the promise of the lease.
    ...(readDuration(found.lockDuration) <= lease ? [] : [lockDiffers(found.lockDuration, lease)]),
  ];
}

export function orderedDiffers(expected: boolean): Difference {
  return { property: "ordered", expected: String(expected), found: String(!expected) };
}

function lockDiffers(found: string, lease: number): Difference {
  return { property: "lock duration", expected: `at most ${lease} ms`, found };
}

/**
 * Whether an entity exists, for an account that may not manage it: undefined if it does, or if the account may not know.
 * Otherwise the service's error.
 */
export async function missingFor(link: LinkState, path: string, signal: AbortSignal): Promise<unknown> {
  const receiver = link.connection.client.createReceiver(path);
  const ways = [() => receiver.peekMessages(1, { abortSignal: signal }), () => link.senders.newBatch(path, signal)];
  for (const way of ways) {
    try {
      await orAborted<unknown>(way(), signal);
      return undefined;
    } catch (error) {
      if (isMissing(error)) return error;
      if (!isForbidden(error)) throw error;
    }
  }
  return undefined;
}

/** The error of an account that may not create a missing entity. */
export function mayNotCreate(what: string, cause: unknown): core.BrokerError {
  return forbidden(`${what} does not exist, and creating it needs the right Manage: ${reasonOf(cause)}`, cause);
}
