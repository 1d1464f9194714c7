import type * as core from "@anybroker/core/driver";
import { reasonOf } from "@anybroker/core/driver";
import type { Channel } from "amqplib";
import { onChannel } from "../connection.ts";
import type { LinkState } from "../state/link-state.ts";
import type { Arguments } from "../topology.ts";

/** Something on the server, as the driver creates it. */
export interface Creatable {
  readonly name: string;
  /** Creates it unless it exists. Rejects when it exists and differs. */
  readonly create: (channel: Channel) => Promise<unknown>;
}

/** A queue or an exchange, as the driver creates it. */
export interface QueueOrExchange extends Creatable {
  /** Rejects unless it exists. Creates nothing. */
  readonly check: (channel: Channel) => Promise<unknown>;
  /** The difference that `verify` reports when it is missing. Without this, a missing one is an error. */
  readonly whenMissing?: Difference | undefined;
}

/** How something that exists differs from what the driver would create. */
export type Difference = Omit<core.Drift, "entity">;

/** The server's text about the first argument that differs. */
const INEQUIVALENT = /inequivalent arg '(.*?)' for (.*?) in vhost .*: received (.*) but current is (.*?)"?$/s;

export function queueWith(name: string, args: Arguments): QueueOrExchange {
  return {
    name,
    create: (channel) => channel.assertQueue(name, { arguments: args }),
    check: (channel) => channel.checkQueue(name),
  };
}

export function exchangeOf(name: string, type: string, options: { alternateExchange?: string } = {}): QueueOrExchange {
  return {
    name,
    create: (channel) => channel.assertExchange(name, type, options),
    check: (channel) => channel.checkExchange(name),
  };
}

/** Creates it unless it exists. Returns the difference when it exists and differs. */
export async function createOrCompare(
  link: LinkState,
  { name, create }: Creatable,
  signal: AbortSignal,
): Promise<Difference | undefined> {
  try {
    await onChannel(link.consuming, signal, create);
    link.matchingQueues.add(name);
    return undefined;
  } catch (error) {
    const difference = differenceIn(reasonOf(error));
    if (difference === undefined) throw error;
    return difference;
  }
}

/** The difference that the server's text reports, in anybroker's words where there are any. */
export function differenceIn(text: string): Difference | undefined {
  const match = INEQUIVALENT.exec(text);
  if (match === null) return undefined;
  const [, argument = "", entity = "", received = "", current = ""] = match;
  const [expected, found] = [plainValue(received), plainValue(current)];
  if (argument !== "x-single-active-consumer") return { property: `${argument} of ${entity}`, expected, found };
  return { property: "ordered", expected: String(expected === "true"), found: String(found === "true") };
}

/** The server writes a value with its type, except "none" and the type of an exchange. */
function plainValue(text: string): string {
  return /^the value '(.*)' of type '.*'$/s.exec(text)?.[1] ?? text.replace(/^'(.*)'$/s, "$1");
}
