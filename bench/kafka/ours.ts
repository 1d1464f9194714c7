import { connect } from "@anybroker/kafka";
import type { Contender } from "../contender.ts";
import { contenderOf } from "../ours.ts";

/** anybroker through its public API. */
export async function open(url: string, queue: string): Promise<Contender> {
  return contenderOf(await connect(url), queue, 1_000);
}
