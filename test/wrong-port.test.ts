// Error texts for a URL with the wrong port, or with TLS where the server has none. No server of a broker is needed.
import * as kafka from "@anybroker/kafka";
import * as rabbitmq from "@anybroker/rabbitmq";
import * as redis from "@anybroker/redis";
import { clock } from "@anybroker-internal/testkit/link";
import { closingStranger, stranger, strangerWithTls } from "@anybroker-internal/testkit/stranger";
import { describe, expect, test } from "vitest";

// One after the other, because the end of a test ends its server.
describe.for([
  ["RabbitMQ", rabbitmq, "amqp", "amqps", ""],
  ["Redis", redis, "redis", "rediss", ""],
  ["Kafka", kafka, "kafka", "kafka+ssl", "?client=kafkajs"],
  ["Kafka", kafka, "kafka", "kafka+ssl", "?client=platformatic"],
] as const)("$0, $2://, $3://$4", ([product, { adapter }, plain, tls, parameters]) => {
  /** The error of one attempt to connect. */
  const failure = (scheme: string, at: string): Promise<unknown> =>
    adapter
      .driver({ url: `${scheme}://${at}${parameters}` })
      .connect({ clock, lease: 30_000, topology: "none" }, AbortSignal.timeout(60_000))
      .then(
        () => "connected",
        (error: unknown) => error,
      );

  test("a server of another protocol", async () => {
    const at = await stranger();
    expect(await failure(plain, at)).toMatchObject({
      code: "INVALID_CONFIG",
      message:
        `the server at ${at} is not a ${product} server: is this the right port? ` +
        `With TLS the URL begins with ${tls}://`,
    });
  });

  test("TLS at a port without it", async () => {
    const at = await stranger();
    expect(await failure(tls, at)).toMatchObject({
      code: "INVALID_CONFIG",
      message:
        `the server at ${at} does not speak TLS: is this the right port? ` +
        `Without TLS the URL begins with ${plain}://`,
    });
  });

  test.for([
    ["no TLS at a port with it", strangerWithTls, plain, `without TLS (with TLS the URL begins with ${tls}://)`],
    [
      "TLS at a port where the server closes the connection",
      closingStranger,
      tls,
      `with TLS (without TLS the URL begins with ${plain}://)`,
    ],
  ] as const)("%s", async ([, listen, scheme, rest]) => {
    const at = await listen();
    const check = `if this happens again, check whether this is the port of a ${product} server ${rest}`;
    expect(await failure(scheme, at)).toMatchObject({
      code: "UNAVAILABLE",
      retryable: true,
      message: expect.stringContaining(`the server at ${at} closed the connection; ${check}`),
    });
  });
});
