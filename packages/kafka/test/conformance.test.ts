import { conformance } from "@anybroker/conformance";
import { kafka } from "@anybroker/kafka";
import { afterAll, inject, test } from "vitest";
import { plainClient } from "./plain-client.ts";

const given = inject("kafka");

if (given.url !== undefined) {
  const { url } = given;
  // One suite a run: the second client only when it is asked for.
  const client = process.env.ANYBROKER_TEST_KAFKA_CLIENT === "platformatic" ? "platformatic" : "kafkajs";
  conformance(
    {
      name: "kafka",
      driver: () => kafka({ url, client }),
      patience: 10_000,
      session: 3_000,
      foreign: () => plainClient(url),
      deviations: {
        "drift-verified": "an ordered queue is the same topic as any other: nothing could differ",
        "drift-reported": "an ordered queue is the same topic as any other: nothing could differ",
        "prefetch-kept": "Kafka assigns partitions, not messages: a message behind a held one stays with its consumer",
        "pause-with-full-buffer": "Kafka assigns partitions, not messages: a paused consumer keeps its own",
      },
    },
    { test: test.concurrent, after: afterAll },
    client === "kafkajs" ? { report: "reports/conformance/kafka.json" } : {},
  );
}
