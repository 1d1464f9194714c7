import type * as core from "@anybroker/core/driver";
import { notFound } from "@anybroker/core/driver";
import { administer, ifThere } from "../state/administration.ts";
import type { LinkState } from "../state/link-state.ts";
import { type Difference, foundOrCreated } from "./queues.ts";

/** Creates a topic, or makes sure that there is one. It has nothing to compare. */
export async function declareTopic(
  link: LinkState,
  topic: string,
  mode: core.DeclareMode,
  signal: AbortSignal,
): Promise<readonly Difference[]> {
  const find = (): Promise<unknown> =>
    ifThere(administer(link, `looking at topic ${topic}`, signal, (admin, some) => admin.getTopic(topic, some)));
  if (mode !== "verify") {
    await foundOrCreated(find, () =>
      administer(link, `creating topic ${topic}`, signal, (admin, some) => admin.createTopic(topic, some)),
    );
  } else if ((await find()) === undefined) {
    throw notFound(`there is no topic ${topic}`);
  }
  return [];
}
