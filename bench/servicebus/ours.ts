import { connect } from "@anybroker/servicebus";
import type { Contender } from "../contender.ts";
import { contenderOf } from "../ours.ts";

/** anybroker through its public API. */
export async function open(url: string, queue: string): Promise<Contender> {
  return contenderOf(await connect(url), queue, 500);
}
