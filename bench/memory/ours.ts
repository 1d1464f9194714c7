import { connect } from "@anybroker/memory";
import type { Contender } from "../contender.ts";
import { contenderOf } from "../ours.ts";

/** The core on the embedded broker. */
export async function open(url: string, queue: string): Promise<Contender> {
  return contenderOf(await connect(url), queue, 500);
}
