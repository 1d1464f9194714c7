// A server dies and a sentinel promotes a replica. Replication is asynchronous: what that may lose is shown, and that
// nothing is lost where sends wait for a replica.
import { connect } from "@anybroker/redis";
import { redis } from "@anybroker-internal/testkit/brokers/redis";
import { withServers } from "@anybroker-internal/testkit/brokers/with-servers";
import { Redis } from "ioredis";
import { expect, onTestFinished, test } from "vitest";

const COUNT = 20_000;
const IN_FLIGHT = 64;
/** How many are sent between the end of replication and that of the server, at most: all of them may be lost. */
const UNREPLICATED = COUNT / 4;
const quick = { reconnect: { initial: 50, max: 500 } } as const;
const way = await redis.find();

function client(url: string): Redis {
  const one = new Redis(url);
  one.on("error", () => {});
  onTestFinished(() => one.disconnect());
  return one;
}

/** The address of the server that takes writes now. */
async function leader(sentinel: Redis): Promise<string> {
  // The cast is true: that is how a sentinel answers.
  const [host, port] = (await sentinel.call("SENTINEL", "GET-MASTER-ADDR-BY-NAME", "mymaster")) as [string, string];
  return `redis://${host}:${port}`;
}

await withServers(redis, () => {
  test.skipIf(way.by === "docker").for([
    ["sends that do not wait for a replica", ""],
    ["sends that wait for a replica", "&replicas=1"],
  ] as const)(
    "a replica takes over from a server that dies just after replication broke off: %s",
    { timeout: 300_000 },
    async ([title, option]) => {
      await using server = await redis.start({ sentinel: true });
      const sentinel = client(server.url.replace(/\?.*/, ""));
      await using broker = await connect(`${server.url}${option}`, quick);
      const queue = broker.queue<number>("failover");
      const [goesOn, early] = [broker.queue<number>("goes-on"), new Set<number>()];
      await goesOn.consume(({ body }) => void early.add(body), { onError: () => {} });
      await goesOn.send(1);
      const before = await leader(sentinel);
      const old = client(before);
      const pid = Number(/process_id:(\d+)/.exec(await old.info("server"))?.[1]);
      // The cast is true: each is a list of names and values.
      const found = (await sentinel.call("SENTINEL", "REPLICAS", "mymaster")) as readonly (readonly string[])[];
      const replicas = found.map(([, address]) => client(`redis://${address}`));
      // A server sends nothing to a replica that is in step until it has heard from it, which takes up to a second.
      const replicated = (): Promise<number[]> => Promise.all(replicas.map((one) => one.exists("{goes-on}")));
      await expect.poll(replicated, { timeout: 20_000 }).toEqual([1, 1]);
      let [next, confirmed] = [0, 0];
      const [broken, dead] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
      const send = async (): Promise<void> => {
        for (let number = next++; number < COUNT; number = next++) {
          if (number >= COUNT / 2) await broken.promise;
          if (number >= COUNT / 2 + UNREPLICATED) await dead.promise;
          // A sentinel that was held up for 2 s by a busy machine does nothing for the 30 s after ("TILT").
          await queue.send(number, { timeout: 120_000 });
          confirmed += 1;
          if (confirmed === COUNT / 2) await fail();
        }
      };
      // Replication breaks off, and when the server has what the replicas have not, it dies.
      const fail = async (): Promise<void> => {
        await Promise.all(replicas.map((replica) => replica.config("SET", "masterauth", "wrong")));
        await old.call("CLIENT", "KILL", "TYPE", "replica");
        broken.resolve();
        const ahead = async (): Promise<number> =>
          (await old.xlen("{failover}")) - ((await replicas[0]?.xlen("{failover}")) ?? 0);
        // Sends that wait for a replica stop with what is on its way now, which may be few.
        await expect.poll(ahead, { timeout: 20_000 }).toBeGreaterThan(option === "" ? IN_FLIGHT / 4 : 0);
        process.kill(pid, "SIGKILL");
        dead.resolve();
        await Promise.all(replicas.map((replica) => replica.config("SET", "masterauth", "")));
      };
      await Promise.all(Array.from({ length: IN_FLIGHT }, send));
      expect(await leader(sentinel)).not.toBe(before);
      await goesOn.send(2);
      await expect.poll(() => early.has(2), { timeout: 20_000 }).toBe(true);
      const handled = new Set<number>();
      await queue.consume(({ body }) => void handled.add(body), { concurrency: 32 });
      // What was sent last is not lost: when it is handled, so is all that was there.
      await expect.poll(() => handled.has(COUNT - 1), { timeout: 20_000 }).toBe(true);
      await expect.poll(async () => (await queue.stats()).inFlight, { timeout: 20_000 }).toBe(0);
      const lost = confirmed - handled.size;
      console.log(`redis: failover, ${title}: confirmed ${confirmed}, handled ${handled.size}, lost ${lost}`);
      if (option !== "") expect(lost).toBe(0);
      expect(lost).toBeLessThan(COUNT / 2);
    },
  );

  test.skipIf(way.by === "docker")(
    "servers change places by hand: of several hosts the one that takes writes is used",
    async () => {
      await using one = await redis.start({ config: ["--repl-diskless-sync-delay", "0"] });
      await using other = await redis.start({ config: ["--repl-diskless-sync-delay", "0"] });
      const [host, otherHost] = [new URL(one.url).host, new URL(other.url).host];
      const place = (port: string): [string, string] => ["127.0.0.1", port];
      await other.call("REPLICAOF", ...place(new URL(one.url).port));
      await using broker = await connect(`redis://${otherHost},${host}`, quick);
      const queue = broker.queue<number>("by-hand");
      const handled: number[] = [];
      await queue.consume(({ body }) => void handled.push(body), { onError: () => {} });
      await queue.send(1);
      await expect.poll(() => other.call("EXISTS", "{by-hand}"), { timeout: 20_000 }).toBe(1);
      await other.call("REPLICAOF", "NO", "ONE");
      await one.call("REPLICAOF", ...place(new URL(other.url).port));
      await queue.send(2);
      await expect.poll(() => handled, { timeout: 20_000 }).toEqual(expect.arrayContaining([1, 2]));
      expect(await broker.health()).toMatchObject({ status: "up", details: { role: "master" } });
    },
  );
});
