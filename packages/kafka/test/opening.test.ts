import { kafka } from "@anybroker-internal/testkit/brokers/kafka";
import { withServers } from "@anybroker-internal/testkit/brokers/with-servers";
import { clock, declared, live, queue } from "@anybroker-internal/testkit/link";
import { startProxy } from "@anybroker-internal/testkit/proxy";
import { expect, test } from "vitest";
import { classify } from "../src/errors.ts";
import { kafka as kafkaDriver } from "../src/index.ts";

await withServers(kafka, () => {
  test("a connection that is lost while a source opens is unavailable, wherever that happens", async () => {
    await using server = await kafka.start({ proxied: 1 });
    const { port = 0, advertised = 0 } = server.proxied[0] ?? {};
    await using proxy = await startProxy(port, advertised);
    for (let bytes = 0; bytes < 2_000; bytes += 200) {
      const driver = kafkaDriver({ url: proxy.through(server.url) });
      const link = await driver.connect({ clock, lease: 3_000, topology: "create" }, live);
      const entity = await declared(link, queue("opening"));
      void proxy.cutAfter(bytes);
      const failure = await link.open(entity, { window: 10 }, () => {}, live).catch(classify);
      expect(failure, `after ${bytes} bytes`).toEqual({ code: "UNAVAILABLE", retryable: true });
      await link.close(AbortSignal.abort());
    }
  });
});
