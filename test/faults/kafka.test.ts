import { connect } from "@anybroker/kafka";
import { kafka } from "@anybroker-internal/testkit/brokers/kafka";
import { deleteTopics } from "@anybroker-internal/testkit/brokers/kafka/delete-topics";
import { startProxy } from "@anybroker-internal/testkit/proxy";
import { faults } from "./faults.ts";

/** At least as many as scenarios use at the same time. */
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
      // Confirmed messages are in the log of the server, which survives a kill of the process.
      persist: () => Promise.resolve(),
      remove: (queue) => deleteTopics(server.url, queue),
    };
  },
  connect,
  impatient: (url) => `${url}?timeout=2000`,
  // The messages that it held, and the acks that are not committed yet: at most four times as many, because then delivery stops.
  duplicates: 320,
  lease: 2_000,
});
