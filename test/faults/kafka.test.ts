import { connect } from "@anybroker/kafka";
import { kafka } from "@anybroker-internal/testkit/brokers/kafka";
import { deleteTopics } from "@anybroker-internal/testkit/brokers/kafka/delete-topics";
import { startProxy } from "@anybroker-internal/testkit/proxy";
import { faults } from "./faults.ts";

/** More than there are scenarios with one at the same time. */
const PROXIES = 8;

await faults({
  name: "kafka",
  module: kafka,
  async start() {
    const server = await kafka.start({ proxied: PROXIES });
    let next = 0;
    return {
      ...server,
      proxy() {
        const { port, advertised } = server.proxied[next++ % PROXIES] ?? { port: 0, advertised: 0 };
        return startProxy(port, advertised);
      },
      // What the server has confirmed is in its log, and stays when its process is killed.
      persist: () => Promise.resolve(),
      remove: (queue) => deleteTopics(server.url, queue),
    };
  },
  connect,
  impatient: (url) => `${url}?timeout=2000`,
  // Besides what it held, the acks that are not committed: four times as many at most, then nothing is handed out.
  doubled: 320,
  lease: 2_000,
});
