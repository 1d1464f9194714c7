import type { TcpProxy } from "@anybroker-internal/testkit/proxy";
import { expect } from "vitest";
import type { Scenario } from "./scenario.ts";
import type { ScenarioContext } from "./scenario-context.ts";

const quarters = [0.25, 0.5, 0.75];

/** Kills the server and restarts it on the same data. */
async function crash({ server }: ScenarioContext): Promise<void> {
  await server.kill();
  await server.restart();
}

/** Freezes the server until the program has noticed. */
async function hang(context: ScenarioContext): Promise<void> {
  const noticed = context.disconnected();
  await context.server.pause();
  await noticed;
  await context.server.resume();
}

/** Random points of a run, as fractions of its messages. */
function randomPoints(context: ScenarioContext, count: number): readonly number[] {
  return Array.from({ length: count }, () => context.random() * 0.9).sort((a, b) => a - b);
}

/** Cuts every connection at once, or one of them in the middle of its data. */
function cut(context: ScenarioContext, proxy: TcpProxy): Promise<void> {
  if (context.random() < 0.7) return proxy.cutAfter(Math.floor(context.random() * 5_000));
  proxy.cut();
  return Promise.resolve();
}

/** Runs one consumer process after another. Each dies in the middle of a handler, except the last. */
async function dyingWorkers(context: ScenarioContext, deaths: number): Promise<void> {
  const range = context.messages / (deaths + 2);
  for (let death = 0; death < deaths; death += 1) {
    const worker = context.worker({ dieIn: 1 + Math.floor(context.random() * range) });
    expect(await worker.ended).toBe("SIGKILL");
  }
  await context.worker().consuming;
}

/** A message kills every process that handles it, until it is dead-lettered. */
async function crashLoop(context: ScenarioContext): Promise<void> {
  await context.open();
  await context.send();
  const survived = context.empty().then(() => false);
  let deaths = 0;
  let deathsUntilNeighbours = 0;
  for (;;) {
    const died = context.worker().ended.then(() => true);
    if (!(await Promise.race([survived, died]))) break;
    deaths += 1;
    if (context.outcomes.missingNeighbours.length > 0) deathsUntilNeighbours = deaths;
  }
  console.log(`${deaths} processes died; the last neighbour was handled after ${deathsUntilNeighbours} deaths`);
  expect(deaths).toBeGreaterThanOrEqual(2);
  // Twelve crashes, and a few more while chance lets a neighbour wait with it.
  expect(deaths).toBeLessThanOrEqual(15);
  expect(deathsUntilNeighbours).toBeLessThan(12);
  for await (const { reason } of context.queue.deadLetters.list()) expect(reason).toBe("crash-loop");
}

/** A message of one queue kills every process that consumes both queues. The messages of the other queue must not pay for it. */
async function crashAcross(context: ScenarioContext): Promise<void> {
  const broker = await context.open();
  const killers = broker.queue(`${context.queue.name}-killers`);
  await killers.send("kill");
  await context.send();
  const deadLettered = context.until("the killer to be dead-lettered", async () => {
    expect(await context.left(killers)).toMatchObject({ ready: 0, dead: 1 });
  });
  let deaths = 0;
  let over = false;
  void deadLettered.then(() => (over = true));
  while (!over) {
    const worker = context.worker({ work: 150, killers: killers.name });
    await Promise.race([deadLettered, worker.ended]);
    if (!worker.alive) deaths += 1;
  }
  console.log(`${deaths} processes died by a message of another queue`);
  // Some 20 while other suspects wait, which they may do on a busy machine.
  expect(deaths).toBeLessThanOrEqual(24);
  for await (const { reason } of killers.deadLetters.list()) expect(reason).toBe("crash-loop");
}

export const scenarios: readonly Scenario[] = [
  {
    title: "the server is not up yet when programs start",
    messages: { short: 1_500, full: 20_000 },
    async run(context) {
      await context.server.kill();
      const proxy = await context.proxy();
      const url = proxy.through(context.server.url);
      const worker = context.worker({ url });
      const start = async (): Promise<void> => {
        await context.until("both to have tried", () => expect(proxy.connections.made).toBeGreaterThan(3));
        await context.server.restart();
      };
      await Promise.all([context.open(url), worker.consuming, start()]);
      await context.send();
    },
  },
  {
    title: "the server is killed and restarted while programs send and consume",
    messages: { short: 2_000, full: 20_000 },
    needs: "durability",
    async run(context) {
      await context.open();
      await context.consume({ failing: 10 });
      // The first retries create their delay queue, which must survive the kill.
      await context.send({ to: 0.01 });
      await context.empty();
      await context.server.persist();
      const when = context.full ? quarters : [0.5];
      await Promise.all([context.send(), context.at("confirmed", when, () => crash(context))]);
    },
  },
  {
    title: "the server is killed at each quarter of the sends, and then of their consumption",
    messages: { full: 100_000 },
    needs: "durability",
    async run(context) {
      await context.open();
      await context.server.persist();
      await Promise.all([context.send(), context.at("confirmed", quarters, () => crash(context))]);
      await context.consume();
      await context.at("handled", quarters, () => crash(context));
    },
  },
  {
    title: "the server hangs until programs notice",
    messages: { short: 1_500, full: 20_000 },
    needs: "impatience",
    async run(context) {
      await context.open(context.impatientUrl);
      await context.consume();
      const when = context.full ? quarters : [0.5];
      await Promise.all([context.send(), context.at("confirmed", when, () => hang(context))]);
    },
  },
  {
    title: "the server hangs for a moment, and no program disconnects",
    messages: { short: 1_500, full: 20_000 },
    async run(context) {
      const broker = await context.open();
      await context.consume();
      const moment = async (): Promise<void> => {
        await context.server.pause();
        const degraded = async (): Promise<void> => {
          expect((await broker.health({ signal: AbortSignal.timeout(500) })).status).toBe("degraded");
        };
        await context.until("health to be degraded", degraded);
        await context.server.resume();
      };
      await Promise.all([context.send(), context.at("confirmed", quarters, moment)]);
      await context.empty();
      expect(context.outcomes.duplicated).toBe(0);
    },
  },
  {
    title: "the connection is cut at random points while programs send, receive and settle",
    messages: { short: 1_500, full: 20_000 },
    sparesServer: true,
    async run(context) {
      const proxy = await context.proxy();
      await context.open(proxy.through(context.server.url));
      await context.consume({ failing: 10 });
      const when = randomPoints(context, context.full ? 20 : 3);
      await Promise.all([context.send(), context.at("confirmed", when, () => cut(context, proxy))]);
    },
  },
  {
    title: "the connection is cut 10 times at random points of the sends, and then of their consumption",
    messages: { full: 100_000 },
    sparesServer: true,
    async run(context) {
      const proxy = await context.proxy();
      await context.open(proxy.through(context.server.url));
      // Another connection replaces the one that was cut.
      const cutOff = async (): Promise<void> => {
        const { made } = proxy.connections;
        await cut(context, proxy);
        await context.until("another connection", () => expect(proxy.connections.made).toBeGreaterThan(made));
      };
      await Promise.all([context.send(), context.at("confirmed", randomPoints(context, 10), cutOff)]);
      await context.consume();
      await context.at("handled", randomPoints(context, 10), cutOff);
    },
  },
  {
    title: "messages fail, and some are dead-lettered, while the connection is cut at random points",
    messages: { short: 600, full: 20_000 },
    sparesServer: true,
    failsAlways: 20,
    async run(context) {
      const proxy = await context.proxy();
      await context.open(proxy.through(context.server.url));
      await context.consume({ failing: 5 });
      const when = randomPoints(context, context.full ? 20 : 3);
      await Promise.all([context.send(), context.at("confirmed", when, () => cut(context, proxy))]);
    },
  },
  {
    title: "messages of a key are handled in order while the connection is cut at random points",
    messages: { short: 600, full: 20_000 },
    sparesServer: true,
    keys: 50,
    async run(context) {
      const proxy = await context.proxy();
      await context.open(proxy.through(context.server.url));
      await context.send();
      await context.consume({ failing: 100 });
      await context.at("handled", randomPoints(context, context.full ? 20 : 3), () => cut(context, proxy));
    },
  },
  {
    title: "the connection is half-open: no data passes, and neither side is told",
    messages: { short: 1_500, full: 20_000 },
    needs: "impatience",
    sparesServer: true,
    async run(context) {
      const proxy = await context.proxy();
      await context.open(proxy.through(context.impatientUrl));
      await context.consume();
      const breakSilently = async (): Promise<void> => {
        const noticed = context.disconnected();
        proxy.halfOpen();
        await noticed;
      };
      await Promise.all([context.send(), context.at("confirmed", context.full ? quarters : [0.5], breakSilently)]);
    },
  },
  {
    title: "consumer processes die in the middle of a handler, one after another",
    messages: { short: 2_000, full: 100_000 },
    sparesServer: true,
    async run(context) {
      await context.open();
      await Promise.all([context.send(), dyingWorkers(context, context.full ? 10 : 3)]);
    },
  },
  {
    title: "a handler takes 20 times the lease, while another consumer waits for messages",
    messages: { full: 300 },
    sparesServer: true,
    async run(context) {
      const lease = 2_000;
      await context.open(context.server.url, { lease });
      await context.consume({ slow: 20 * lease });
      await context.consume({ slow: 20 * lease });
      await context.send();
      await context.empty();
      expect(context.outcomes.duplicated).toBe(0);
    },
  },
  {
    title: "two processes consume, and one of them dies",
    messages: { short: 1_500, full: 20_000 },
    sparesServer: true,
    async run(context) {
      await context.open();
      const workers = [context.worker(), context.worker({ dieIn: Math.floor(context.messages / 8) })];
      await Promise.all(workers.map((worker) => worker.consuming));
      const [, ended] = await Promise.all([context.send(), workers[1]?.ended]);
      expect(ended).toBe("SIGKILL");
      await context.empty();
      expect(context.outcomes.duplicated).toBeLessThanOrEqual(context.duplicates);
    },
  },
  {
    title: "a message kills every process that handles it, among good messages that were delivered with it",
    messages: { short: 400, full: 20_000 },
    sparesServer: true,
    kills: 20,
    run: crashLoop,
  },
  {
    title: "a message of an ordered queue kills every process that handles it",
    messages: { short: 400, full: 20_000 },
    sparesServer: true,
    kills: 20,
    keys: 50,
    run: crashLoop,
  },
  {
    title: "a message of another queue kills every process that consumes both",
    messages: { short: 250, full: 2_000 },
    sparesServer: true,
    run: crashAcross,
  },
  {
    title: "a message of another queue kills every process that consumes both, one ordered",
    messages: { short: 250, full: 2_000 },
    sparesServer: true,
    keys: 50,
    run: crashAcross,
  },
  {
    title: "the queue is deleted under a running consumer",
    messages: { short: 2_000, full: 20_000 },
    sparesServer: true,
    async run(context) {
      await context.open();
      await context.consume();
      const remove = (): Promise<void> => context.server.remove(context.queue.name);
      for (const to of quarters) {
        await context.send({ to });
        await context.empty();
        await remove();
      }
      const removeUnderLoad = async (): Promise<void> => {
        await remove();
        // The messages in the queue are deleted with it. Messages that are sent from now on are not.
        context.outcomes.excuseBelow(context.begun);
      };
      await Promise.all([context.send(), context.at("confirmed", [0.85], removeUnderLoad)]);
    },
  },
  {
    title: "the server accepts no messages during an alarm: sends wait, or fail by their deadline",
    messages: { short: 1_500, full: 20_000 },
    needs: "alarm",
    async run(context) {
      const alarm = context.server.alarm ?? expect.unreachable();
      const broker = await context.open();
      await context.consume();
      await context.send({ to: 0.4 });
      await alarm(true);
      const wait = async (): Promise<void> => {
        await context.until("health to be degraded", async () =>
          expect((await broker.health()).status).toBe("degraded"),
        );
        await alarm(false);
      };
      await Promise.all([context.send({ to: 0.7 }), wait()]);
      expect(context.outcomes.counts.failed).toBe(0);
      await alarm(true);
      const fail = async (): Promise<void> => {
        await context.outcomes.reached("failed", 1);
        await alarm(false);
      };
      await Promise.all([context.send({ timeout: 2_000 }), fail()]);
    },
  },
];
