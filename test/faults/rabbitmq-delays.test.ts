// A server before 4.3 routes delayed messages that are due while it starts, and before it has restored all bindings.
import { connect } from "@anybroker/rabbitmq";
import { type Rabbitmq, rabbitmq } from "@anybroker-internal/testkit/brokers/rabbitmq";
import { withServers } from "@anybroker-internal/testkit/brokers/with-servers";
import { quietLogger } from "@anybroker-internal/testkit/quiet-logger";
import * as amqp from "amqplib";
import { expect, test } from "vitest";

const KILLS = process.env.ANYBROKER_FAULTS === "full" ? 30 : 4;
const TOPICS = Array.from({ length: 12 }, (_, number) => `t${number}`);
const MESSAGES = 5;
/** The second subscription has a filter, and so another path from its topic. */
const SUBSCRIPTIONS = ["all", "wanted"];
const FILTER = { kind: ["wanted"] };
const DELAY = 4_000;
/** The delay step that such a delay takes. */
const STEP = 5_000;

/**
 * The server restores bindings in the order of names. So these keep it busy between those of a topic's delay steps and
 * those of its subscriptions with a filter.
 */
async function bindBetween({ url }: Rabbitmq): Promise<void> {
  const connection = await amqp.connect(url);
  const channel = await connection.createChannel();
  await channel.assertQueue("other");
  for (const name of TOPICS.map((topic) => `${topic}.other`)) {
    await channel.assertExchange(name, "direct");
    await Promise.all(Array.from({ length: 400 }, (_, key) => channel.bindQueue("other", name, `${key}`)));
  }
  await connection.close();
}

await withServers(rabbitmq, () => {
  test("delayed messages that are due while the server is down reach every subscription when it has started", {
    timeout: 900_000,
  }, async () => {
    // The server tries again after this time, in ms, what was due before it knew any binding. Its default is 3 minutes.
    await using server = await rabbitmq.start({ settings: { dead_letter_worker_publisher_confirm_timeout: "1000" } });
    await bindBetween(server);
    await using broker = await connect(server.url, { reconnect: { initial: 50, max: 500 }, logger: quietLogger });
    const got = new Set<string>();
    for (const name of TOPICS) {
      for (const subscription of SUBSCRIPTIONS) {
        const filter = subscription === "wanted" ? FILTER : undefined;
        await broker
          .topic<string>(name)
          .subscribe(subscription, ({ body }) => void got.add(`${body} at ${name}/${subscription}`), { filter });
      }
    }
    // The first round makes the delay steps.
    for (let round = 0; round <= KILLS; round += 1) {
      const bodies = Array.from({ length: MESSAGES }, (_, number) => `message ${number} of round ${round}`);
      const publish = (name: string) =>
        bodies.map((body) => broker.topic<string>(name).publish(body, { delay: DELAY, headers: { kind: "wanted" } }));
      await Promise.all(TOPICS.flatMap(publish));
      const due = Date.now() + STEP;
      if (round === 0) {
        await server.persist();
      } else {
        await server.kill();
        await expect.poll(() => Date.now() > due).toBe(true);
        await server.restart();
      }
      const expected = TOPICS.flatMap((name) =>
        SUBSCRIPTIONS.flatMap((subscription) => bodies.map((body) => `${body} at ${name}/${subscription}`)),
      );
      await expect.poll(() => expected.filter((one) => !got.has(one))).toEqual([]);
    }
  });
});
