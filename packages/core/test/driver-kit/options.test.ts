import { describe, expect, test } from "vitest";
import type { NamingOptions } from "../../src/driver-kit/naming.ts";
import { type OptionKinds, readOptions } from "../../src/driver-kit/options.ts";
import { TLS_KINDS, type TlsOptions, tlsOf } from "../../src/driver-kit/tls-options.ts";

interface Options extends TlsOptions {
  readonly url: string;
  readonly heartbeat?: number;
  readonly shards?: number;
  readonly verify?: boolean;
  readonly mode?: "fast" | "safe";
  readonly vhost?: string;
  readonly token?: string | (() => string);
  readonly naming?: NamingOptions;
}

const KINDS: OptionKinds<Options> = {
  ...TLS_KINDS,
  heartbeat: ["milliseconds"],
  shards: ["count"],
  verify: ["boolean"],
  mode: ["=fast", "=safe"],
  vhost: ["string"],
  token: ["secret", "function"],
  naming: ["object"],
};

const read = (options: object): ReturnType<typeof readOptions<Options>> =>
  // The cast is the point: what JavaScript could pass.
  readOptions(options as Options, ["broker", "brokers"], KINDS);

describe("the options of an adapter", () => {
  test("may be parameters of the URL, and an option given directly comes first", () => {
    const options = read({ url: "broker://host/x?heartbeat=5000&verify=true&mode=safe&vhost=a", vhost: "b" });
    expect(options).toMatchObject({ heartbeat: 5_000, verify: true, mode: "safe", vhost: "b" });
    expect(options.address).toMatchObject({ scheme: "broker", path: "x" });
  });

  test("may be undefined, which is as if they were not given", () => {
    const given = { vhost: undefined, heartbeat: undefined, mode: undefined, token: undefined, ca: undefined };
    const options = read({ url: "broker://host?heartbeat=5000", ...given });
    expect(options.heartbeat).toBe(5_000);
    expect(Object.keys(options).toSorted()).toEqual(["address", "heartbeat", "url"]);
  });

  test.each([
    [{ heartbeat: 1_000, shards: 1, verify: false, mode: "fast" }],
    [{ token: "secret" }],
    [{ token: () => "secret" }],
    [{ naming: { queues: { orders: "shop-orders" }, topics: undefined } }],
    [{ ca: "PEM", key: Buffer.from("PEM"), passphrase: "x" }],
  ])("can be %o", (options) => expect(() => read({ url: "broker://host", ...options })).not.toThrow());

  test.each([
    [{ url: "other://host" }, "scheme must be broker or brokers, not other"],
    [{ url: "broker://host", vhots: "a" }, 'unknown option "vhots"; known ones: url, '],
    [{ url: "broker://host?vhots=a" }, "parameter 1 of the URL broker:… is unknown; known ones: ca, "],
    [{ url: "broker://host?token=abc" }, "parameter 1 of the URL broker:… is unknown"],
    [{ url: "broker://host?vhost=a&passphrase=abc" }, "parameter 2 of the URL broker:… is unknown"],
    [{ url: "broker://host", vhots: undefined }, 'unknown option "vhots"'],
    [{ url: "broker://host", heartbeat: 999 }, "heartbeat must be an integer from 1000"],
    [{ url: "broker://host", heartbeat: 1_000.5 }, "heartbeat must be an integer from 1000"],
    [{ url: "broker://host", shards: 0 }, "shards must be an integer from 1"],
    [{ url: "broker://host", shards: "2" }, "shards must be an integer from 1"],
    [{ url: "broker://host", verify: "yes" }, "verify must be boolean"],
    [{ url: "broker://host", mode: "slow" }, "mode must be fast or safe"],
    [{ url: "broker://host", token: 7 }, "token must be string or function"],
    [{ url: "broker://host", ca: 7 }, "ca must be string or Buffer"],
    [{ url: undefined }, "the URL must begin with broker:// or brokers://"],
    [{ url: "hunter2:x@host" }, "the URL must begin with broker:// or brokers://"],
    [
      { url: "broker://host", naming: { queue: {} } },
      'naming: unknown option "queue"; known ones: queues, topics, sub',
    ],
    [{ url: "broker://host", naming: { queues: "orders" } }, "naming.queues must be an object of names"],
    [{ url: "broker://host", naming: { queues: ["orders"] } }, "naming.queues must be an object of names"],
    [{ url: "broker://host", naming: { topics: { orders: 7 } } }, "naming.topics must be an object of names"],
  ])("cannot be %o", (options, message) => {
    expect(() => read(options)).toThrow(
      expect.objectContaining({ code: "INVALID_CONFIG", message: expect.stringContaining(message) }),
    );
  });

  test.each([
    { url: "broker://host", token: ["hunter2"] },
    { url: "hunter2:x@host" },
    { url: "broker://user:hun/ter2hunter2@host" },
  ])("show no secret in an error: %o", (options) => {
    expect(() => read(options)).toThrow(expect.objectContaining({ message: expect.not.stringContaining("hunter2") }));
  });
});

test("only the TLS options that were given reach Node, which takes undefined for a value", () => {
  expect(tlsOf({ ca: "PEM", servername: "host" })).toEqual({ ca: "PEM", servername: "host" });
  expect(Object.keys(tlsOf({}))).toEqual([]);
});
