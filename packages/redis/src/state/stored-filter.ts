import type { SourceKeys } from "../topology.ts";
import type { LinkState } from "./link-state.ts";

/** The text of a subscription's stored filter; undefined if none is stored. */
export async function storedFilter(
  { connection }: LinkState,
  { filter }: Pick<SourceKeys, "filter">,
): Promise<string | undefined> {
  // The cast is true: the server replies with this.
  const text = (await connection.command("GET", filter)) as Buffer | null;
  return text?.toString();
}
