import { describe, expect, test } from "vitest";
import { adminForTest, clientForTest, emulatorForTest } from "../with-emulator.ts";
import { refusalOf } from "./admin-client.ts";

const NEVER = "P10675199DT2H48M5.4775807S";

describe("queues", () => {
  test("are created with the defaults of the service", async () => {
    const admin = await adminForTest();
    const { _response, ...queue } = await admin.createQueue("q");
    expect(_response.status).toBe(201);
    expect(queue).toEqual({
      name: "q",
      lockDuration: "PT1M",
      maxSizeInMegabytes: 1024,
      requiresDuplicateDetection: false,
      requiresSession: false,
      defaultMessageTimeToLive: NEVER,
      deadLetteringOnMessageExpiration: false,
      duplicateDetectionHistoryTimeWindow: "PT10M",
      maxDeliveryCount: 10,
      enableBatchedOperations: true,
      status: "Active",
      autoDeleteOnIdle: NEVER,
      enablePartitioning: false,
      availabilityStatus: "Available",
      enableExpress: false,
      maxMessageSizeInKilobytes: 256,
    });
  });

  test("keep what they were created with, and names may have slashes", async () => {
    const admin = await adminForTest();
    await admin.createTopic("target");
    const wanted = {
      lockDuration: "PT2S",
      maxSizeInMegabytes: 2048,
      requiresDuplicateDetection: true,
      requiresSession: true,
      defaultMessageTimeToLive: "P1DT2H",
      deadLetteringOnMessageExpiration: true,
      duplicateDetectionHistoryTimeWindow: "PT20S",
      maxDeliveryCount: 3,
      enableBatchedOperations: false,
      status: "SendDisabled",
      userMetadata: 'a < b & "c"',
      autoDeleteOnIdle: "PT5M",
    } as const;
    await admin.createQueue("txt/.-_123", { ...wanted, forwardTo: "target", forwardDeadLetteredMessagesTo: "target" });
    const queue = await admin.getQueue("txt/.-_123");
    expect(queue).toMatchObject({ name: "txt/.-_123", ...wanted });
    expect(queue.forwardTo).toMatch(/^sb:\/\/127\.0\.0\.1:\d+\/target$/);
    expect(queue.forwardDeadLetteredMessagesTo).toMatch(/\/target$/);
  });

  test("are updated as a whole, and an update of what was read changes one thing", async () => {
    const admin = await adminForTest();
    await admin.createTopic("target");
    await admin.createQueue("q", { maxDeliveryCount: 3, forwardTo: "target", requiresSession: true });
    const queue = await admin.getQueue("q");
    await admin.updateQueue({ ...queue, lockDuration: "PT2M" });
    expect(await admin.getQueue("q")).toMatchObject({
      lockDuration: "PT2M",
      maxDeliveryCount: 3,
      requiresSession: true,
      forwardTo: queue.forwardTo,
    });
    const { forwardTo: _, ...withoutForward } = queue;
    await admin.updateQueue(withoutForward as typeof queue);
    expect((await admin.getQueue("q")).forwardTo).toBeUndefined();
  });

  test("that are partitioned are 16 times as large, and keep their size in an update", async () => {
    const admin = await adminForTest();
    const queue = await admin.createQueue("q", { enablePartitioning: true, maxSizeInMegabytes: 3072 });
    expect(queue.maxSizeInMegabytes).toBe(49_152);
    expect((await admin.updateQueue({ ...queue, maxDeliveryCount: 5 })).maxSizeInMegabytes).toBe(49_152);
  });

  test("take and give messages, and tell how many they have", async () => {
    const emulator = await emulatorForTest();
    const admin = await adminForTest(emulator);
    await admin.createQueue("q");
    expect(await admin.getQueueRuntimeProperties("q")).toMatchObject({ totalMessageCount: 0, sizeInBytes: 0 });
    const client = clientForTest(emulator.connectionString);
    const sender = client.createSender("q");
    await sender.sendMessages([{ body: "a" }, { body: "b" }]);
    await sender.scheduleMessages({ body: "c" }, new Date(Date.now() + 3_600_000));
    const receiver = client.createReceiver("q");
    const [message] = await receiver.receiveMessages(1);
    if (message !== undefined) await receiver.deadLetterMessage(message);
    const properties = await admin.getQueueRuntimeProperties("q");
    expect(properties).toMatchObject({
      name: "q",
      totalMessageCount: 3,
      activeMessageCount: 1,
      deadLetterMessageCount: 1,
      scheduledMessageCount: 1,
      transferMessageCount: 0,
      transferDeadLetterMessageCount: 0,
      createdAt: expect.any(Date),
      modifiedAt: expect.any(Date),
      accessedAt: expect.any(Date),
    });
    expect(properties.sizeInBytes).toBeGreaterThan(0);
  });

  test("are listed in pages, by their names", async () => {
    const admin = await adminForTest();
    const names = Array.from({ length: 205 }, (_, index) => `q${String(index).padStart(3, "0")}`);
    for (const name of names.toReversed()) await admin.createQueue(name);
    await admin.createTopic("topic");
    const listed: string[] = [];
    for await (const queue of admin.listQueues()) listed.push(queue.name);
    expect(listed).toEqual(names);
    const pages: number[] = [];
    for await (const page of admin.listQueuesRuntimeProperties().byPage({ maxPageSize: 90 })) pages.push(page.length);
    expect(pages).toEqual([90, 90, 25]);
  });

  test("are gone when they are deleted", async () => {
    const admin = await adminForTest();
    await admin.createQueue("q");
    expect(await admin.queueExists("q")).toBe(true);
    await admin.deleteQueue("Q");
    expect(await admin.queueExists("q")).toBe(false);
  });
});

describe("topics and subscriptions", () => {
  test("are created with the defaults of the service", async () => {
    const admin = await adminForTest();
    const { _response: _, ...topic } = await admin.createTopic("t");
    expect(topic).toEqual({
      name: "t",
      maxSizeInMegabytes: 1024,
      requiresDuplicateDetection: false,
      defaultMessageTimeToLive: NEVER,
      duplicateDetectionHistoryTimeWindow: "PT10M",
      enableBatchedOperations: true,
      status: "Active",
      supportOrdering: true,
      autoDeleteOnIdle: NEVER,
      enablePartitioning: false,
      availabilityStatus: "Available",
      enableExpress: false,
      maxMessageSizeInKilobytes: 256,
    });
    const { _response: __, ...subscription } = await admin.createSubscription("t", "s");
    expect(subscription).toEqual({
      topicName: "t",
      subscriptionName: "s",
      lockDuration: "PT1M",
      maxDeliveryCount: 10,
      requiresSession: false,
      enableBatchedOperations: true,
      defaultMessageTimeToLive: NEVER,
      autoDeleteOnIdle: NEVER,
      deadLetteringOnMessageExpiration: false,
      deadLetteringOnFilterEvaluationExceptions: true,
      status: "Active",
      availabilityStatus: "Available",
    });
  });

  test("are updated, counted and deleted", async () => {
    const admin = await adminForTest();
    await admin.createTopic("a/t");
    await admin.createQueue("q");
    await admin.createSubscription("a/t", "s2", { maxDeliveryCount: 7, forwardTo: "q" });
    const subscription = await admin.createSubscription("a/t", "s1");
    await admin.updateSubscription({ ...subscription, lockDuration: "PT30S", forwardDeadLetteredMessagesTo: "q" });
    expect(await admin.getSubscription("a/t", "s1")).toMatchObject({ lockDuration: "PT30S", maxDeliveryCount: 10 });
    const names: string[] = [];
    for await (const listed of admin.listSubscriptions("a/t"))
      names.push(`${listed.topicName} ${listed.subscriptionName}`);
    expect(names).toEqual(["a/t s1", "a/t s2"]);
    expect((await admin.getTopicRuntimeProperties("a/t")).subscriptionCount).toBe(2);
    expect(await admin.getSubscriptionRuntimeProperties("a/t", "s1")).toMatchObject({
      topicName: "a/t",
      subscriptionName: "s1",
      totalMessageCount: 0,
      activeMessageCount: 0,
    });
    const topic = await admin.getTopic("a/t");
    await admin.updateTopic({ ...topic, defaultMessageTimeToLive: "PT1H", userMetadata: "x" });
    expect(await admin.getTopic("a/t")).toMatchObject({ defaultMessageTimeToLive: "PT1H", userMetadata: "x" });
    await admin.deleteSubscription("a/t", "s1");
    expect(await admin.subscriptionExists("a/t", "s1")).toBe(false);
    await admin.deleteTopic("a/t");
    expect(await admin.topicExists("a/t")).toBe(false);
    expect(await refusalOf(admin.getSubscription("a/t", "s2"))).toMatchObject({ status: 404 });
  });
});

test("the properties of the namespace depend on its tier", async () => {
  const admin = await adminForTest();
  expect(await admin.getNamespaceProperties()).toMatchObject({
    name: "sbemulatorns",
    messagingSku: "Standard",
    createdAt: expect.any(Date),
    modifiedAt: expect.any(Date),
  });
  const premium = await adminForTest(await emulatorForTest({ tier: "Premium" }));
  expect(await premium.getNamespaceProperties()).toMatchObject({ messagingSku: "Premium", messagingUnits: 1 });
  expect((await premium.createQueue("q", { maxMessageSizeInKilobytes: 12_345 })).maxMessageSizeInKilobytes).toBe(
    12_345,
  );
});
