import type * as core from "@anybroker/core/driver";
import { notFound } from "@anybroker/core/driver";
import type { TopicProperties } from "@azure/service-bus";
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
  const find = async (): Promise<TopicProperties | undefined> => {
    const what = `looking at topic ${topic}`;
    const found = await ifThere(administer(link, what, signal, (admin, some) => admin.getTopic(topic, some)));
    if (found?.enablePartitioning === true) link.partitioned.add(topic);
    return found;
  };
  if (mode !== "verify") {
    await foundOrCreated(find, () =>
      administer(link, `creating topic ${topic}`, signal, (admin, some) => admin.createTopic(topic, some)),
    );
  } else if ((await find()) === undefined) {
    throw notFound(`there is no topic ${topic}`);
  }
  return [];
}
