import type * as core from "@anybroker/core/driver";
import { reasonOf } from "@anybroker/core/driver";
import type { Channel } from "amqplib";
import { onChannel } from "../connection.ts";
import type { LinkState } from "../state/link-state.ts";
import type { Arguments } from "../topology.ts";

/** A queue or an exchange as the driver wants it to be. */
export interface QueueOrExchange {
  readonly name: string;
  /** Creates it unless it exists. Rejects when it exists and differs. */
  readonly create: (channel: Channel) => Promise<unknown>;
  /** Rejects unless it exists. Creates nothing. */
  readonly check: (channel: Channel) => Promise<unknown>;
}

/** How something that exists differs from what is wanted. */
export type Difference = Omit<core.Drift, "entity">;

/** What the server says of the first argument that differs. */
const INEQUIVALENT = /inequivalent arg '(.*?)' for (.*?) in vhost .*: received (.*) but current is (.*?)"?$/s;

export function queueOf(name: string, args: Arguments): QueueOrExchange {
  return {
    name,
    create: (channel) => channel.assertQueue(name, { arguments: args }),
    check: (channel) => channel.checkQueue(name),
  };
}

export function exchangeOf(name: string, type: string): QueueOrExchange {
  return {
    name,
    create: (channel) => channel.assertExchange(name, type),
    check: (channel) => channel.checkExchange(name),
  };
}

/** Creates it unless it exists. Returns how it differs, if it does. */
export async function createOrCompare(
  link: LinkState,
  { name, create }: Pick<QueueOrExchange, "name" | "create">,
  signal: AbortSignal,
): Promise<Difference | undefined> {
  try {
    await onChannel(link.consuming, signal, create);
    link.exact.add(name);
    return undefined;
  } catch (error) {
    const match = INEQUIVALENT.exec(reasonOf(error));
    if (match === null) throw error;
    const [, argument = "", entity = "", expected = "", found = ""] = match;
    return { property: `${argument} of ${entity}`, expected, found };
  }
}
