// What only a log of several servers knows: leaders that die, and groups that share out anew under load.
import { connect } from "@anybroker/kafka";
import { type Kafka, kafka } from "@anybroker-internal/testkit/brokers/kafka";
import { type Admin, Kafka as Client, logLevel, type PartitionMetadata } from "kafkajs";
import { expect } from "vitest";
import type { FaultBackend } from "./backend.ts";
import { faults } from "./faults.ts";
import type { Scenario } from "./scenario.ts";
import type { Stage } from "./stage.ts";

let cluster: Kafka | undefined;

/** Asks the cluster, as another program. */
async function ask<T>(question: (admin: Admin) => Promise<T>): Promise<T> {
  const brokers = cluster?.nodes.map(({ url }) => url.replace(/^kafka:[/]+/, "")) ?? [];
  const admin = new Client({ brokers, logLevel: logLevel.NOTHING }).admin();
  await admin.connect();
  try {
    return await question(admin);
  } finally {
    await admin.disconnect();
  }
}

async function partitionsOf({ queue }: Stage): Promise<readonly PartitionMetadata[]> {
  const { topics } = await ask((admin) => admin.fetchTopicMetadata({ topics: [queue.name] }));
  return topics[0]?.partitions ?? [];
}

/** The leader of the first partition dies; another one takes its place, and it comes back as one of the others. */
async function depose(stage: Stage): Promise<void> {
  const [{ leader } = { leader: 0 }] = await partitionsOf(stage);
  const node = cluster?.nodes[leader - 1] ?? expect.unreachable();
  await node.kill();
  await stage.until("another one leads", async () => {
    for (const partition of await partitionsOf(stage)) expect([leader, -1]).not.toContain(partition.leader);
  });
  await node.restart();
  await stage.until("all replicas are in sync", async () => {
    for (const { isr } of await partitionsOf(stage)) expect(isr).toHaveLength(3);
  });
}

/** Consumers that come and go, one after the other, while messages are sent all the time. */
async function storm(stage: Stage, times: number): Promise<void> {
  for (let time = 1; time <= times; time += 1) {
    const comeAndGo = async (): Promise<void> => {
      const worker = stage.worker();
      await worker.consuming;
      await worker.close();
    };
    await Promise.all([comeAndGo(), stage.send({ to: time / times })]);
  }
}

const scenarios: readonly Scenario[] = [
  {
    title: "the leader of a partition dies while programs send and consume",
    messages: { short: 2_000, full: 20_000 },
    async play(stage) {
      await stage.open();
      await stage.consume({ failing: 10 });
      await stage.send({ to: 0.01 });
      const when = stage.full ? [0.25, 0.5, 0.75] : [0.5];
      await Promise.all([stage.send(), stage.at("confirmed", when, () => depose(stage))]);
    },
  },
  {
    title: "the group shares out anew, ten times and more, while programs send and consume",
    messages: { short: 2_000, full: 20_000 },
    sparesServer: true,
    async play(stage) {
      await stage.open();
      await stage.worker().consuming;
      await storm(stage, stage.full ? 10 : 3);
      await stage.send();
    },
  },
];

const backend: FaultBackend = {
  name: "kafka, three servers",
  module: kafka,
  async start() {
    cluster = await kafka.start({ nodes: 3 });
    return { ...cluster, persist: () => Promise.resolve(), remove: () => Promise.reject(new Error("not asked for")) };
  },
  connect,
  impatient: (url) => `${url}?timeout=2000`,
  lease: 2_000,
};

await faults(backend, scenarios);
