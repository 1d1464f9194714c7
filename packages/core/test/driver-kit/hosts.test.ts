import { expect, test } from "vitest";
import { BrokerError } from "../../src/base/errors.ts";
import { connectToAny } from "../../src/driver-kit/hosts.ts";

const down = new BrokerError("UNAVAILABLE", "down", { retryable: true });
const refused = new BrokerError("UNAUTHORIZED", "refused");
const classify = (error: unknown) => {
  if (error instanceof BrokerError) return error;
  return { code: "INTERNAL", retryable: false } as const;
};

/** Connects to hosts that are up (true) or fail. Returns the result, and the hosts that were tried. */
async function tryHosts(hosts: Readonly<Record<string, true | Error>>, abort = new AbortController()) {
  const tried: string[] = [];
  const connecting = connectToAny(Object.keys(hosts), classify, abort.signal, async (host) => {
    tried.push(host);
    const outcome = hosts[host];
    if (outcome instanceof Error) throw outcome;
    return `connected to ${host}`;
  });
  return { result: await connecting.catch((error: unknown) => error), tried };
}

test("the first host that can be reached is taken, in their order", async () => {
  const { result, tried } = await tryHosts({ a: down, b: true, c: true });
  expect(result).toBe("connected to b");
  expect(tried).toEqual(["a", "b"]);
});

test("when none can be reached, the last error is the result", async () => {
  const last = new BrokerError("UNAVAILABLE", "down too", { retryable: true });
  const { result, tried } = await tryHosts({ a: down, b: last });
  expect(result).toBe(last);
  expect(tried).toEqual(["a", "b"]);
});

test("a refusal that trying again cannot mend speaks for all hosts", async () => {
  const { result, tried } = await tryHosts({ a: down, b: refused, c: true });
  expect(result).toBe(refused);
  expect(tried).toEqual(["a", "b"]);
});

test("no further host is tried once the signal has aborted", async () => {
  const abort = new AbortController();
  abort.abort();
  const { result, tried } = await tryHosts({ a: down, b: true }, abort);
  expect(result).toBe(down);
  expect(tried).toEqual(["a"]);
});

test("without hosts it fails", async () => {
  expect((await tryHosts({})).result).toEqual(new Error("there is no host to connect to"));
});
