// Faults that only a cluster has: leaders that die, and groups that rebalance under load.
import { connect } from "@anybroker/kafka";
import { type Kafka, kafka } from "@anybroker-internal/testkit/brokers/kafka";
import { type Admin, Kafka as Client, logLevel, type PartitionMetadata } from "kafkajs";
import { expect } from "vitest";
import { faults } from "./faults.ts";
import type { Scenario } from "./scenario.ts";
import type { ScenarioContext } from "./scenario-context.ts";
import type { FaultSubject } from "./subject.ts";

let cluster: Kafka | undefined;

/** Runs a request as an administrator of the cluster. */
async function asAdmin<T>(request: (admin: Admin) => Promise<T>): Promise<T> {
  const brokers = cluster?.nodes.map(({ url }) => url.replace(/^kafka:[/]+/, "")) ?? [];
  const admin = new Client({ brokers, logLevel: logLevel.NOTHING }).admin();
  await admin.connect();
  try {
    return await request(admin);
  } finally {
    await admin.disconnect();
  }
}

async function partitionsOf({ queue }: ScenarioContext): Promise<readonly PartitionMetadata[]> {
  const { topics } = await asAdmin((admin) => admin.fetchTopicMetadata({ topics: [queue.name] }));
  return topics[0]?.partitions ?? [];
}

/** Kills the leader of the first partition, waits for another leader, and restarts the server as a follower. */
async function killLeader(context: ScenarioContext): Promise<void> {
  const [{ leader } = { leader: 0 }] = await partitionsOf(context);
  const node = cluster?.nodes[leader - 1] ?? expect.unreachable();
  await node.kill();
  await context.until("another server leads", async () => {
    for (const partition of await partitionsOf(context)) expect([leader, -1]).not.toContain(partition.leader);
  });
  await node.restart();
  await context.until("all replicas are in sync", async () => {
    for (const { isr } of await partitionsOf(context)) expect(isr).toHaveLength(3);
  });
}

/** Starts and stops one consumer after another, while messages are sent. */
async function rebalance(context: ScenarioContext, times: number): Promise<void> {
  for (let time = 1; time <= times; time += 1) {
    const joinAndLeave = async (): Promise<void> => {
      const worker = context.worker();
      await worker.consuming;
      await worker.close();
    };
    await Promise.all([joinAndLeave(), context.send({ to: time / times })]);
  }
}

const scenarios: readonly Scenario[] = [
  {
    title: "the leader of a partition dies while programs send and consume",
    messages: { short: 2_000, full: 20_000 },
    async run(context) {
      await context.open();
      await context.consume({ failing: 10 });
      await context.send({ to: 0.01 });
      const when = context.full ? [0.25, 0.5, 0.75] : [0.5];
      await Promise.all([context.send(), context.at("confirmed", when, () => killLeader(context))]);
    },
  },
  {
    title: "the group rebalances ten times and more while programs send and consume",
    messages: { short: 2_000, full: 20_000 },
    sparesServer: true,
    async run(context) {
      await context.open();
      await context.worker().consuming;
      await rebalance(context, context.full ? 10 : 3);
      await context.send();
    },
  },
];

const subject: FaultSubject = {
  name: "kafka, three servers",
  module: kafka,
  async start() {
    cluster = await kafka.start({ nodes: 3 });
    return { ...cluster, persist: () => Promise.resolve(), remove: () => Promise.reject(new Error("not needed")) };
  },
  connect,
  impatient: (url) => `${url}?timeout=2000`,
  lease: 2_000,
};

await faults(subject, scenarios);
