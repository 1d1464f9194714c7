import type { TcpProxy } from "@anybroker-internal/testkit/proxy";
import { expect } from "vitest";
import type { Scenario } from "./scenario.ts";
import type { Stage } from "./stage.ts";

const quarters = [0.25, 0.5, 0.75];

/** SIGKILL, and up again on the same data. */
async function crash({ server }: Stage): Promise<void> {
  await server.kill();
  await server.restart();
}

/** Frozen until the program has noticed. */
async function hang(stage: Stage): Promise<void> {
  const noticed = stage.disconnected();
  await stage.server.pause();
  await noticed;
  await stage.server.resume();
}

/** So many places in a run, at random. */
function places(stage: Stage, count: number): readonly number[] {
  return Array.from({ length: count }, () => stage.random() * 0.9).sort((a, b) => a - b);
}

/** Cuts every connection at once, or one of them in the middle of what it carries. */
function cut(stage: Stage, proxy: TcpProxy): Promise<void> {
  if (stage.random() < 0.7) return proxy.cutAfter(Math.floor(stage.random() * 5_000));
  proxy.cut();
  return Promise.resolve();
}

/** Consumer processes, one after the other: each dies in the middle of a handler, except the last. */
async function mortals(stage: Stage, deaths: number): Promise<void> {
  const most = stage.messages / (deaths + 2);
  for (let death = 0; death < deaths; death += 1) {
    const worker = stage.worker({ dieIn: 1 + Math.floor(stage.random() * most) });
    expect(await worker.ended).toBe("SIGKILL");
  }
  await stage.worker().consuming;
}

/** Consumer processes until one survives; answers how many died. */
async function untilOneSurvives(stage: Stage): Promise<number> {
  const over = stage.empty().then(() => false);
  for (let deaths = 0; ; deaths += 1) {
    const died = stage.worker().ended.then(() => true);
    if (!(await Promise.race([over, died]))) return deaths;
  }
}

export const scenarios: readonly Scenario[] = [
  {
    title: "the server is not up yet when programs start",
    messages: { short: 1_500, full: 20_000 },
    async play(stage) {
      await stage.server.kill();
      const proxy = await stage.proxy();
      const url = proxy.through(stage.server.url);
      const worker = stage.worker({ url });
      const start = async (): Promise<void> => {
        await stage.until("both have tried", () => expect(proxy.connections.made).toBeGreaterThan(3));
        await stage.server.restart();
      };
      await Promise.all([stage.open(url), worker.consuming, start()]);
      await stage.send();
    },
  },
  {
    title: "the server is killed and restarted while programs send and consume",
    messages: { short: 2_000, full: 20_000 },
    async play(stage) {
      await stage.open();
      await stage.consume({ failing: 10 });
      // The first retries make their delay queue, which must outlive the kill.
      await stage.send({ to: 0.01 });
      await stage.empty();
      await stage.server.persist();
      const when = stage.full ? quarters : [0.5];
      await Promise.all([stage.send(), stage.at("confirmed", when, () => crash(stage))]);
    },
  },
  {
    title: "the server is killed at each quarter of the sends, then of their consumption",
    messages: { full: 100_000 },
    async play(stage) {
      await stage.open();
      await stage.server.persist();
      await Promise.all([stage.send(), stage.at("confirmed", quarters, () => crash(stage))]);
      await stage.consume();
      await stage.at("handled", quarters, () => crash(stage));
    },
  },
  {
    title: "the server hangs until programs notice",
    messages: { short: 1_500, full: 20_000 },
    async play(stage) {
      await stage.open(stage.impatientUrl);
      await stage.consume();
      const when = stage.full ? quarters : [0.5];
      await Promise.all([stage.send(), stage.at("confirmed", when, () => hang(stage))]);
    },
  },
  {
    title: "the server hangs for a moment and nobody notices",
    messages: { short: 1_500, full: 20_000 },
    async play(stage) {
      const broker = await stage.open();
      await stage.consume();
      const moment = async (): Promise<void> => {
        await stage.server.pause();
        const degraded = async (): Promise<void> => {
          expect((await broker.health({ signal: AbortSignal.timeout(500) })).status).toBe("degraded");
        };
        await stage.until("it shows", degraded);
        await stage.server.resume();
      };
      await Promise.all([stage.send(), stage.at("confirmed", quarters, moment)]);
      await stage.empty();
      expect(stage.tally.duplicated).toBe(0);
    },
  },
  {
    title: "the connection is cut at random points while programs send, receive and settle",
    messages: { short: 1_500, full: 20_000 },
    sparesServer: true,
    async play(stage) {
      const proxy = await stage.proxy();
      await stage.open(proxy.through(stage.server.url));
      await stage.consume({ failing: 10 });
      const when = places(stage, stage.full ? 20 : 3);
      await Promise.all([stage.send(), stage.at("confirmed", when, () => cut(stage, proxy))]);
    },
  },
  {
    title: "the connection is cut 10 times at random points of the sends, then of their consumption",
    messages: { full: 100_000 },
    sparesServer: true,
    async play(stage) {
      const proxy = await stage.proxy();
      await stage.open(proxy.through(stage.server.url));
      // Whichever connection it was, another one is made in its place.
      const cutOff = async (): Promise<void> => {
        const { made } = proxy.connections;
        await cut(stage, proxy);
        await stage.until("it connects again", () => expect(proxy.connections.made).toBeGreaterThan(made));
      };
      await Promise.all([stage.send(), stage.at("confirmed", places(stage, 10), cutOff)]);
      await stage.consume();
      await stage.at("handled", places(stage, 10), cutOff);
    },
  },
  {
    title: "messages fail, and some die, while the connection is cut at random points",
    messages: { short: 600, full: 20_000 },
    sparesServer: true,
    hopeless: 20,
    async play(stage) {
      const proxy = await stage.proxy();
      await stage.open(proxy.through(stage.server.url));
      await stage.consume({ failing: 5 });
      const when = places(stage, stage.full ? 20 : 3);
      await Promise.all([stage.send(), stage.at("confirmed", when, () => cut(stage, proxy))]);
    },
  },
  {
    title: "messages of a key are handled in order while the connection is cut at random points",
    messages: { short: 600, full: 20_000 },
    sparesServer: true,
    keys: 50,
    async play(stage) {
      const proxy = await stage.proxy();
      await stage.open(proxy.through(stage.server.url));
      await stage.send();
      await stage.consume({ failing: 100 });
      await stage.at("handled", places(stage, stage.full ? 20 : 3), () => cut(stage, proxy));
    },
  },
  {
    title: "the connection is half-open: no byte passes and nobody is told",
    messages: { short: 1_500, full: 20_000 },
    sparesServer: true,
    async play(stage) {
      const proxy = await stage.proxy();
      await stage.open(proxy.through(stage.impatientUrl));
      await stage.consume();
      const forget = async (): Promise<void> => {
        const noticed = stage.disconnected();
        proxy.halfOpen();
        await noticed;
      };
      await Promise.all([stage.send(), stage.at("confirmed", stage.full ? quarters : [0.5], forget)]);
    },
  },
  {
    title: "consumer processes die in the middle of a handler, one after the other",
    messages: { short: 2_000, full: 100_000 },
    sparesServer: true,
    async play(stage) {
      await stage.open();
      await Promise.all([stage.send(), mortals(stage, stage.full ? 10 : 3)]);
    },
  },
  {
    title: "a handler takes 20 times the lease, while another consumer waits for messages",
    messages: { full: 300 },
    sparesServer: true,
    async play(stage) {
      const lease = 2_000;
      await stage.open(stage.server.url, { lease });
      await stage.consume({ slow: 20 * lease });
      await stage.consume({ slow: 20 * lease });
      await stage.send();
      await stage.empty();
      expect(stage.tally.duplicated).toBe(0);
    },
  },
  {
    title: "two processes consume, and one of them dies",
    messages: { short: 1_500, full: 20_000 },
    sparesServer: true,
    async play(stage) {
      await stage.open();
      const workers = [stage.worker(), stage.worker({ dieIn: Math.floor(stage.messages / 8) })];
      await Promise.all(workers.map((worker) => worker.consuming));
      const [, ended] = await Promise.all([stage.send(), workers[1]?.ended]);
      expect(ended).toBe("SIGKILL");
      await stage.empty();
      expect(stage.tally.duplicated).toBeLessThanOrEqual(stage.doubled);
    },
  },
  {
    title: "a message kills every process that handles it, among good ones that were handed out with it",
    messages: { short: 400, full: 20_000 },
    sparesServer: true,
    kills: 20,
    async play(stage) {
      await stage.open();
      await stage.send();
      const deaths = await untilOneSurvives(stage);
      expect(deaths).toBeGreaterThanOrEqual(2);
      // Nine hand-overs of the message, three of its marked copy.
      expect(deaths).toBeLessThanOrEqual(13);
      for await (const { reason } of stage.queue.deadLetters.list()) expect(reason).toBe("crash-loop");
    },
  },
  {
    title: "the queue is deleted under a running consumer",
    messages: { short: 2_000, full: 20_000 },
    sparesServer: true,
    async play(stage) {
      await stage.open();
      await stage.consume();
      const remove = (): Promise<void> => stage.server.remove(stage.queue.name);
      for (const to of quarters) {
        await stage.send({ to });
        await stage.empty();
        await remove();
      }
      const removeUnderLoad = async (): Promise<void> => {
        await remove();
        // What was in the queue is gone with it; what is sent from now on is not.
        stage.tally.excuseBelow(stage.begun);
      };
      await Promise.all([stage.send(), stage.at("confirmed", [0.85], removeUnderLoad)]);
    },
  },
  {
    title: "the server takes no messages because of an alarm: sends wait, or fail by their deadline",
    messages: { short: 1_500, full: 20_000 },
    needs: "alarm",
    async play(stage) {
      const alarm = stage.server.alarm ?? expect.unreachable();
      const broker = await stage.open();
      await stage.consume();
      await stage.send({ to: 0.4 });
      await alarm(true);
      const wait = async (): Promise<void> => {
        await stage.until("it shows", async () => expect((await broker.health()).status).toBe("degraded"));
        await alarm(false);
      };
      await Promise.all([stage.send({ to: 0.7 }), wait()]);
      expect(stage.tally.counts.failed).toBe(0);
      await alarm(true);
      const fail = async (): Promise<void> => {
        await stage.tally.reached("failed", 1);
        await alarm(false);
      };
      await Promise.all([stage.send({ timeout: 2_000 }), fail()]);
    },
  },
];
