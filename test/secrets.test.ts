// No password is shown, whatever characters it has and however it is written into the URL.
import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { inspect } from "node:util";
import { type Adapter, BrokerError, connect, type Message } from "@anybroker/core";
import { adapter as kafka } from "@anybroker/kafka";
import { adapter as memory } from "@anybroker/memory";
import { adapter as rabbitmq } from "@anybroker/rabbitmq";
import { adapter as redis } from "@anybroker/redis";
import { expectWarning } from "@anybroker-internal/testkit/expect-warning";
import { freePorts } from "@anybroker-internal/testkit/free-ports";
import { quietLogger } from "@anybroker-internal/testkit/quiet-logger";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

const adapters: readonly Adapter[] = [rabbitmq, redis, kafka, memory];

const HOSTS = ["localhost", "127.0.0.1:1", "[::1]:1,two", "one:1,two"];
const SUFFIXES = ["", "/", "/1", "/v@w", "?heartbeat=5e3", "?x=y", "?connectionName=v@w", "#x"];

/** Our texts have none of these letters. */
const letter = fc.constantFrom(...Array.from("QXZJWß漢🔑éж"));
const digit = fc.constantFrom(...Array.from("0123456789"));
const symbol = fc.constantFrom(...Array.from("/?#@:%&=+ ,;[]!$'()*\"\\<>"));
const anything = fc.array(fc.oneof(letter, letter, digit, symbol), { minLength: 6, maxLength: 20 });
/** Begins with what could be the port of a host. */
const portAndMore = fc
  .tuple(fc.array(digit, { minLength: 1, maxLength: 5 }), symbol, anything)
  .map((parts) => parts.flat());
const password = fc
  .oneof(anything, portAndMore, fc.array(digit, { minLength: 6, maxLength: 12 }))
  .map((parts) => parts.join(""));
const user = fc.constantFrom("", "ada", "a/da", "a?da", "a@da", "a:da");
const suffix = fc.constantFrom(...SUFFIXES);

/** A password, and a URL that it is written into. */
interface Written {
  readonly password: string;
  readonly url: string;
}

/** The ways to write a password, from right to wrong. */
const spelling = fc.constantFrom(encodeURIComponent, encodeURI, (text: string) => text);

type Shape = (user: string, password: string, host: string) => string;

/** The shapes of URLs of a scheme. All but the first are wrong in more than the password. */
function shapesOf(scheme: string): readonly Shape[] {
  return [
    (user, password, host) => `${scheme}://${user}:${password}@${host}`,
    (user, password, host) => `${scheme}:${user}:${password}@${host}`,
    (user, password, host) => `${scheme}:/${user}:${password}@${host}`,
    (user, password, host) => `${scheme}:///${user}:${password}@${host}`,
    (user, password, host) => `${scheme}://one:1,${user}:${password}@${host}`,
    (user, password, host) => `${scheme}://${user}:x@one,${user}:${password}@${host}`,
    (user, password, host) => `${scheme}://${encodeURIComponent(`${user}:${password}@${host}`)}`,
    (user, password, host) => `//${user}:${password}@${host}`,
    (user, password, host) => `ada:${password}@${host}${user}`,
  ];
}

function urls(shapes: readonly Shape[], hosts: readonly string[] = HOSTS): fc.Arbitrary<Written> {
  const host = fc.constantFrom(...hosts);
  // Half of the URLs have the right shape.
  const [right = (): string => "", ...wrong] = shapes;
  const shape = fc.oneof(fc.constant(right), fc.constantFrom(...(wrong.length === 0 ? [right] : wrong)));
  const parts = fc.record({ shape, password, user, host, suffix, spelling });
  return parts.map(({ shape, password, user, host, suffix, spelling }) => ({
    password,
    url: shape(user, spelling(password), host) + suffix,
  }));
}

/** The numbers of our own texts and of the URLs' ends. A password could have the same. */
const OUR_NUMBERS = /1 to 65535|127\.0\.0\.1/g;

/**
 * The parts of the password, of four characters each, that a text shows. A part proves something if it has a letter, or
 * if it is a number: parts of symbols, or of symbols and digits, are in our own texts and in what `inspect` prints.
 */
function leaked(text: string, { password }: Written): readonly string[] {
  const parts = Array.from({ length: Math.max(0, password.length - 3) }, (_, at) => password.slice(at, at + 4));
  const telling = parts.filter((part) => /\p{L}|🔑|^\d+$/u.test(part));
  const others = text.replaceAll(OUR_NUMBERS, "…");
  return telling.filter((part) => others.includes(part));
}

/** Everything that a program could print of an error. */
function textsOf(error: unknown): string {
  const own = [String(error), inspect(error, { depth: 10, showHidden: true }), JSON.stringify(error)];
  if (!(error instanceof Error)) return own.join("\n");
  const cause = error.cause === undefined ? "" : textsOf(error.cause);
  return [...own, error.message, error.stack ?? "", cause].join("\n");
}

// The lines of a stack have numbers, which a password could have too.
const { stackTraceLimit } = Error;
beforeAll(() => {
  Error.stackTraceLimit = 0;
});
afterAll(() => {
  Error.stackTraceLimit = stackTraceLimit;
});

describe.each(adapters.map((adapter) => [adapter.name, adapter] as const))("of a URL of %s", (_, adapter) => {
  const [scheme = ""] = adapter.schemes;

  test("that is refused, the error shows no part of the password; if it is accepted, the driver shows none", () => {
    let accepted = 0;
    const shown = ({ url }: Written): string => {
      try {
        const driver = adapter.driver({ url });
        accepted += 1;
        // The capabilities have numbers, which a password could have too.
        const shown = { ...driver, capabilities: undefined };
        return [driver.address, inspect(shown, { depth: 10, showHidden: true }), JSON.stringify(shown)].join("\n");
      } catch (error) {
        expect(error).toMatchObject({ name: "BrokerError", code: "INVALID_CONFIG" });
        return textsOf(error);
      }
    };
    fc.assert(
      fc.property(urls(shapesOf(scheme)), (written) => {
        expect(leaked(shown(written), written)).toEqual([]);
      }),
      { numRuns: 10_000 },
    );
    // The embedded broker has no users.
    if (adapter !== memory) expect(accepted).toBeGreaterThan(300);
  });

  test("that cannot be connected to, the error shows no part of the password", async () => {
    const [port = 0] = await freePorts(1);
    const drivers = Object.fromEntries(adapters.flatMap((one) => one.schemes.map((name) => [name, () => one])));
    const closed = `127.0.0.1:${port}`;
    const client = adapter === kafka ? "?client=platformatic" : "";
    const right: Shape = (user, text, at) =>
      `${scheme}://${user.replaceAll(/\W/g, "")}:${encodeURIComponent(text)}@${at}`;
    const shapes = [right, ...shapesOf(scheme), (...parts: Parameters<Shape>) => right(...parts) + client];
    const attempts = fc.sample(urls(shapes, [closed]), 300).map(async (written) => {
      const error: unknown = await connect(written.url, { drivers, connectTimeout: 300, logger: quietLogger }).catch(
        (thrown) => thrown,
      );
      expect(error).toBeInstanceOf(BrokerError);
      expect(leaked(textsOf(error).replaceAll(String(port), ""), written)).toEqual([]);
    });
    await Promise.all(attempts);
  });
});

interface Named {
  readonly id?: string;
}

/** An id without digits, which a password could have too. */
function idOf(index: number): string {
  return String(index).replaceAll(/\d/g, (digit) => "abcdefghij".charAt(Number(digit)));
}

test("no part of a password in a handler's error is in an error of ours, a dead letter or an event", async () => {
  const count = 10_000;
  // White space ends a URL in a text. A URL with white space is not accepted.
  const shape: Shape = (user, text, host) => `db://${user}:${text.replaceAll(/\s/g, "_")}@${host}`;
  const written = new Map(fc.sample(urls([shape]), count).map((one, index) => [idOf(index), one]));
  const shown: (readonly [id: string | undefined, text: string])[] = [];
  const note = (event: unknown): void => {
    // The cast is true of the two channels.
    const { id, messages = [{ id }] } = event as Named & { readonly messages?: readonly Named[] };
    shown.push([messages[0]?.id, inspect(event, { depth: 10 })]);
  };
  const channels = ["anybroker:dead-letter", "tracing:anybroker:deliver:error"];
  for (const channel of channels) subscribe(channel, note);
  await using broker = await connect("memory:", { drivers: { memory: () => memory } });
  const queue = broker.queue<boolean>("secrets");
  const handle = async (message: Message<boolean>): Promise<void> => {
    const text = `cannot reach ${written.get(String(message.id))?.url}`;
    shown.push([message.id, textsOf(new BrokerError("INTERNAL", text, { cause: new TypeError(text) }))]);
    if (message.body) throw new Error(text);
    await message.deadLetter(text);
  };
  await queue.consume(handle, { retry: { attempts: 1 }, concurrency: 100, onError: () => {} });
  await queue.sendBatch([...written.keys()].map((id, index) => ({ id, body: index % 2 === 0 })));
  await expect.poll(() => queue.deadLetters.count()).toBe(count);
  for (const channel of channels) unsubscribe(channel, note);
  for await (const { id, reason, error, headers } of queue.deadLetters.list({ limit: count })) {
    shown.push([id, inspect({ reason, error, headers })]);
  }
  expect(shown.length).toBe(3.5 * count);
  const leaks = shown.flatMap(([id, text]) => {
    const one = written.get(String(id));
    return one === undefined ? [`no message ${id}`] : leaked(text, one).map((part) => `${one.url} shows ${part}`);
  });
  expect(leaks).toEqual([]);
});

test("the process warning of a consumer without onError shows no password", async () => {
  const warnings = expectWarning("cannot reach db://***@host");
  expectWarning("was dead-lettered");
  await using broker = await connect("memory:", { drivers: { memory: () => memory } });
  const queue = broker.queue("secrets");
  const handle = (): never => {
    throw new Error("cannot reach db://ada:hun/ter2@host");
  };
  await queue.consume(handle, { retry: { attempts: 1 } });
  await queue.send("body");
  await expect.poll(() => warnings.length).toBe(1);
  expect(warnings.join("\n")).not.toContain("ter2");
});
