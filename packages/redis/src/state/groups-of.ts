import { reasonOf } from "@anybroker/core/driver";
import { isServerError } from "../errors.ts";
import type { LinkState } from "./link-state.ts";

/** The names of the groups of a stream; none if there is no such stream. */
export async function groupsOf({ connection }: LinkState, stream: string): Promise<readonly string[]> {
  try {
    // The cast is true: each group is a list of names and values.
    const groups = (await connection.command("XINFO", "GROUPS", stream)) as readonly (readonly unknown[])[];
    return groups.map((fields) => String(fields[fields.findIndex((field) => String(field) === "name") + 1]));
  } catch (error) {
    if (isServerError(error) && reasonOf(error).includes("no such key")) return [];
    throw error;
  }
}
