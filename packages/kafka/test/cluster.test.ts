import { setTimeout as sleep } from "node:timers/promises";
import type { Link } from "@anybroker/core/driver";
import { type Kafka, kafka as kafkaServer } from "@anybroker-internal/testkit/brokers/kafka";
import { withServers } from "@anybroker-internal/testkit/brokers/with-servers";
import {
  declared,
  ids,
  linked,
  live,
  message,
  queue,
  reading,
  sent,
  settle,
  take,
} from "@anybroker-internal/testkit/link";
import { Kafka as Client, logLevel } from "kafkajs";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { kafka } from "../src/index.ts";

/** After this time the servers close idle connections, in ms. The default is ten minutes. */
const IDLE = 15_000;

/** A cluster may take this long to notice that a server is down or up. */
const patient = { timeout: 30_000 };

await withServers(kafkaServer, () => {
  let cluster: Kafka;
  beforeAll(async () => {
    cluster = await kafkaServer.start({ nodes: 3, config: [`connections.max.idle.ms=${IDLE}`] });
  });
  afterAll(() => cluster.stop());

  /** The URL of all nodes, or of all but one. */
  const without = (node?: number): string => {
    const some = cluster.nodes.filter((_, index) => index + 1 !== node);
    return `kafka://${some.map(({ url }) => url.replace("kafka://", "")).join()}`;
  };

  test("the servers do not close an idle link and an idle source", async () => {
    const ended = async (client: "kafkajs" | "platformatic"): Promise<unknown> => {
      const link = await linked(kafka({ url: cluster.url, client, partitions: 6 }));
      const entity = await declared(link, queue(`idle-${client}`));
      const batch = Array.from({ length: 24 }, (_, index) => message(`m${index}`));
      await expect.poll(async () => new Set(await sent(link, entity, batch)), patient).toEqual(new Set(["accepted"]));
      const source = await reading(link, entity, { window: 24 });
      const [dead, ...taken] = await take(source, 24);
      if (dead !== undefined) await settle(source, { action: "deadLetter", delivery: dead, headers: {} });
      for (const delivery of taken) await settle(source, { action: "ack", delivery });
      expect(await link.deadLetters(entity).list(2, undefined, live)).toHaveLength(1);
      await link.stats(entity, live);
      return Promise.race([link.lost, source.lost, sleep(IDLE * 2, "neither", { ref: false })]);
    };
    expect(await Promise.all([ended("kafkajs"), ended("platformatic")])).toEqual(["neither", "neither"]);
  });

  test("a partition whose only server is down is read as soon as the server is back", async () => {
    const name = "alone";
    const admin = new Client({ brokers: without().slice(8).split(","), logLevel: logLevel.NOTHING }).admin();
    await admin.connect();
    const replicaAssignment = [2, 3].map((node, partition) => ({ partition, replicas: [node] }));
    await admin.createTopics({
      topics: [{ topic: name, numPartitions: -1, replicationFactor: -1, replicaAssignment }],
      waitForLeaders: false,
    });
    await admin.disconnect();
    const both = (round: string) => ["a", "b"].map((id) => message(`${id}${round}`));
    const accepted = async (link: Link, round: string): Promise<void> => {
      await expect.poll(() => sent(link, queue(name), both(round)), patient).toEqual(["accepted", "accepted"]);
    };
    // If a server dies before others know that a member has left, the next member waits for this long.
    const first = await linked(kafka({ url: without() }), { topology: "none", lease: 6_000 });
    await accepted(first, "1");
    const reader = await reading(first, queue(name));
    const got = await take(reader, 2);
    await settle(reader, ...got.map((delivery) => ({ action: "ack", delivery }) as const));
    await reader.close(live);
    await cluster.nodes[2]?.kill();
    const link = await linked(kafka({ url: without(3) }), { topology: "none" });
    const source = await vi.waitFor(() => reading(link, queue(name)), patient);
    await cluster.nodes[2]?.restart();
    await accepted(link, "2");
    // A message that was sent again while a server was down may come twice.
    const seen = new Set<string | undefined>();
    const complete = async (): Promise<boolean> => {
      for (const id of ids(await source.receive(1, AbortSignal.timeout(1_000)))) seen.add(id);
      return seen.has("a2") && seen.has("b2");
    };
    await expect.poll(complete, { timeout: 60_000 }).toBe(true);
  });

  test("a source that waits for its group to open ends when the server dies", async () => {
    // This server makes the first member of a group wait for others to come.
    await using server = await kafkaServer.start({ config: ["group.initial.rebalance.delay.ms=60000"] });
    const link = await linked(kafka({ url: server.url }));
    const entity = await declared(link, queue("held"));
    const refused = expect(reading(link, entity)).rejects.toThrow();
    const admin = new Client({ brokers: [server.url.slice(8)], logLevel: logLevel.NOTHING }).admin();
    await admin.connect();
    const state = async (): Promise<unknown> => (await admin.describeGroups([entity.name])).groups[0]?.state;
    await expect.poll(state, patient).toBe("PreparingRebalance");
    await admin.disconnect();
    const killed = performance.now();
    await server.kill();
    await refused;
    expect(performance.now() - killed).toBeLessThan(10_000);
  });
});
