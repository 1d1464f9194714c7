import { connect } from "@anybroker/rabbitmq";
import { rabbitmq } from "@anybroker-internal/testkit/brokers/rabbitmq";
import * as amqp from "amqplib";
import { faults } from "./faults.ts";

await faults({
  name: "rabbitmq",
  module: rabbitmq,
  async start() {
    const server = await rabbitmq.start({});
    return {
      ...server,
      async remove(queue) {
        const connection = await amqp.connect(server.url);
        const channel = await connection.createChannel();
        await channel.deleteQueue(queue);
        await connection.close();
      },
    };
  },
  connect,
  impatient: (url) => `${url}?heartbeat=1000`,
});
