import { Admin } from "@platformatic/kafka";
import { until } from "../../until.ts";

/**
 * Deletes the topics of a queue, and waits until the server has really deleted them. The server confirms earlier, and
 * records that it accepts in between are lost with the old topic. Another program may have created the topics again by then.
 */
export async function deleteTopics(url: string, queue: string): Promise<void> {
  const { host } = new URL(url.replace(/^kafka:/, "http:"));
  const admin = new Admin({ clientId: "tests", bootstrapBrokers: [host], retries: false });
  const there = async (): Promise<readonly string[]> =>
    (await admin.listTopics()).filter((topic) => topic === queue || topic.startsWith(`${queue}.`));
  const idsOf = async (topics: readonly string[]): Promise<readonly string[]> => {
    const found = await admin.metadata({ topics: [...topics], forceUpdate: true });
    return [...found.topics.values()].map(({ id }) => id);
  };
  try {
    const topics = await there();
    const old = new Set(await idsOf(topics));
    await admin.deleteTopics({ topics: [...topics] });
    await until("the server deletes the topics", 60_000, async () => {
      if ((await idsOf(await there())).some((id) => old.has(id))) throw new Error("they are still there");
    });
  } finally {
    await admin.close();
  }
}
