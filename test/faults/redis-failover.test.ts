// A server dies and a sentinel promotes a replica. Replication is asynchronous. The tests show what that can lose, and
// that no message is lost where sends wait for a replica.

import { connect } from "@anybroker/redis";
import { redis } from "@anybroker-internal/testkit/brokers/redis";
import { withServers } from "@anybroker-internal/testkit/brokers/with-servers";
import { quietLogger } from "@anybroker-internal/testkit/quiet-logger";
import { Redis } from "ioredis";
import { expect, onTestFinished, test } from "vitest";

const COUNT = 20_000;
const IN_FLIGHT = 64;
/** The most messages that are sent after replication has ended and before the server dies. All of them may be lost. */
const UNREPLICATED = COUNT / 4;
const quick = { reconnect: { initial: 50, max: 500 }, logger: quietLogger } as const;
const way = await redis.find();

function client(url: string): Redis {
  const one = new Redis(url);
  one.on("error", () => {});
  onTestFinished(() => one.disconnect());
  return one;
}

/** The URL of the server that accepts writes now. */
async function leader(sentinel: Redis): Promise<string> {
  // The cast is true: a sentinel replies with host and port.
  const [host, port] = (await sentinel.call("SENTINEL", "GET-MASTER-ADDR-BY-NAME", "mymaster")) as [string, string];
  return `redis://${host}:${port}`;
}

await withServers(redis, () => {
  test.skipIf(way.by === "docker").for([
    ["sends that do not wait for a replica", ""],
    ["sends that wait for a replica", "&replicas=1"],
  ] as const)(
    "a replica takes over from a server that dies just after replication ended: %s",
    { timeout: 300_000 },
    async ([title, option]) => {
      await using server = await redis.start({ sentinel: true });
      const sentinel = client(server.url.replace(/\?.*/, ""));
      await using broker = await connect(`${server.url}${option}`, quick);
      const queue = broker.queue<number>("failover");
      const [survivor, survived] = [broker.queue<number>("survivor"), new Set<number>()];
      await survivor.consume(({ body }) => void survived.add(body), { onError: () => {} });
      await survivor.send(1);
      const before = await leader(sentinel);
      const old = client(before);
      const pid = Number(/process_id:(\d+)/.exec(await old.info("server"))?.[1]);
      // The cast is true: each replica is a list of names and values.
      const found = (await sentinel.call("SENTINEL", "REPLICAS", "mymaster")) as readonly (readonly string[])[];
      const replicas = found.map(([, address]) => client(`redis://${address}`));
      // A server sends nothing to a synchronised replica before it has heard from it, which takes up to a second.
      const replicated = (): Promise<number[]> => Promise.all(replicas.map((one) => one.exists("{survivor}")));
      await expect.poll(replicated, { timeout: 20_000 }).toEqual([1, 1]);
      let [next, confirmed] = [0, 0];
      const [broken, dead] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
      const send = async (): Promise<void> => {
        for (let number = next++; number < COUNT; number = next++) {
          if (number >= COUNT / 2) await broken.promise;
          if (number >= COUNT / 2 + UNREPLICATED) await dead.promise;
          // A sentinel that a busy machine delays for 2 s does nothing for the next 30 s ("TILT").
          await queue.send(number, { timeout: 120_000 });
          confirmed += 1;
          if (confirmed === COUNT / 2) await fail();
        }
      };
      // Replication ends. The server dies when it has messages that the replicas do not have.
      const fail = async (): Promise<void> => {
        await Promise.all(replicas.map((replica) => replica.config("SET", "masterauth", "wrong")));
        await old.call("CLIENT", "KILL", "TYPE", "replica");
        broken.resolve();
        const ahead = async (): Promise<number> =>
          (await old.xlen("{failover}")) - ((await replicas[0]?.xlen("{failover}")) ?? 0);
        // With sends that wait for a replica, only the messages in flight get here, which may be few.
        await expect.poll(ahead, { timeout: 20_000 }).toBeGreaterThan(option === "" ? IN_FLIGHT / 4 : 0);
        process.kill(pid, "SIGKILL");
        dead.resolve();
        await Promise.all(replicas.map((replica) => replica.config("SET", "masterauth", "")));
      };
      await Promise.all(Array.from({ length: IN_FLIGHT }, send));
      expect(await leader(sentinel)).not.toBe(before);
      await survivor.send(2);
      await expect.poll(() => survived.has(2), { timeout: 20_000 }).toBe(true);
      const handled = new Set<number>();
      await queue.consume(({ body }) => void handled.add(body), { concurrency: 32 });
      // The last message is not lost. When it is handled, all messages on the server are.
      await expect.poll(() => handled.has(COUNT - 1), { timeout: 20_000 }).toBe(true);
      await expect.poll(async () => (await queue.stats()).inFlight, { timeout: 20_000 }).toBe(0);
      const lost = confirmed - handled.size;
      console.log(`redis: failover, ${title}: confirmed ${confirmed}, handled ${handled.size}, lost ${lost}`);
      if (option !== "") expect(lost).toBe(0);
      expect(lost).toBeLessThan(COUNT / 2);
    },
  );

  test.skipIf(way.by === "docker")(
    "servers swap roles by command: of several hosts, the one that accepts writes is used",
    async () => {
      await using one = await redis.start({ config: ["--repl-diskless-sync-delay", "0"] });
      await using other = await redis.start({ config: ["--repl-diskless-sync-delay", "0"] });
      const [host, otherHost] = [new URL(one.url).host, new URL(other.url).host];
      const addressOf = (port: string): [string, string] => ["127.0.0.1", port];
      await other.call("REPLICAOF", ...addressOf(new URL(one.url).port));
      await using broker = await connect(`redis://${otherHost},${host}`, quick);
      const queue = broker.queue<number>("swapped");
      const handled: number[] = [];
      await queue.consume(({ body }) => void handled.push(body), { onError: () => {} });
      await queue.send(1);
      await expect.poll(() => other.call("EXISTS", "{swapped}"), { timeout: 20_000 }).toBe(1);
      await other.call("REPLICAOF", "NO", "ONE");
      await one.call("REPLICAOF", ...addressOf(new URL(other.url).port));
      await queue.send(2);
      await expect.poll(() => handled, { timeout: 20_000 }).toEqual(expect.arrayContaining([1, 2]));
      expect(await broker.health()).toMatchObject({ status: "up", details: { role: "master" } });
    },
  );
});
