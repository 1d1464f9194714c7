import type { Broker, Selection } from "@anybroker/core";
import { confirmedOrders, orders } from "./orders.ts";

const USAGE = "use: stats | list | replay SOURCE [DEAD-LETTER-ID …] | remove SOURCE [DEAD-LETTER-ID …]";

/** Runs a command. Returns the lines to print. */
export async function admin(broker: Broker, args: readonly string[]): Promise<readonly string[]> {
  const [command, name, ...ids] = args;
  const confirmed = confirmedOrders(broker);
  const sources = [orders(broker), confirmed.subscription("billing"), confirmed.subscription("mailing")];
  const lines: string[] = [];
  if (command === "stats") {
    const { status, reason = "" } = await broker.health();
    lines.push(`broker: ${status} ${reason}`.trim());
    for (const source of sources) lines.push(`${source.name}: ${JSON.stringify(await source.stats())}`);
    return lines;
  }
  if (command === "list") {
    for (const { name, deadLetters } of sources) {
      for await (const { deadLetterId, id, attempts, reason, error } of deadLetters.list()) {
        lines.push(`${name} ${deadLetterId}: order ${id}, ${reason} after ${attempts} attempts: ${error}`);
      }
    }
    return lines;
  }
  const source = sources.find((one) => one.name === name);
  if (source === undefined || (command !== "replay" && command !== "remove")) throw new Error(USAGE);
  const selection: Selection = ids.length > 0 ? { ids } : { all: true };
  return [`${command}: ${await source.deadLetters[command](selection)}`];
}
