import { connect } from "@anybroker/kafka";
import { Kafka, logLevel } from "kafkajs";
import { test } from "vitest";
import { kafka } from "../brokers/kafka.ts";
import { faults } from "./faults.ts";

// A dead process is noticed by its silence only: the scenarios in which one dies wait for many leases.
if (process.env.ANYBROKER_FAULTS !== "full") test.skip("Kafka takes ten minutes: npm run test:faults");
else {
  await faults({
    name: "kafka",
    module: kafka,
    async start() {
      const server = await kafka.start({});
      return {
        ...server,
        // What the server has confirmed is in its log, and stays when its process is killed.
        persist: () => Promise.resolve(),
        async remove(queue) {
          const { host } = new URL(server.url.replace(/^kafka:/, "http:"));
          const admin = new Kafka({ brokers: [host], logLevel: logLevel.NOTHING }).admin();
          await admin.connect();
          const topics = (await admin.listTopics()).filter((topic) => topic === queue || topic.startsWith(`${queue}.`));
          await admin.deleteTopics({ topics });
          await admin.disconnect();
        },
      };
    },
    connect,
    impatient: (url) => `${url}?timeout=2000`,
  });
}
