import { connect } from "@anybroker/redis";
import type { Contender } from "../contender.ts";
import { contenderOf } from "../ours.ts";

/** anybroker through its public API. */
export async function open(url: string, queue: string): Promise<Contender> {
  // As many as expert holds: the page that is being handled, and the next one.
  return contenderOf(await connect(url), queue, 1_000);
}
