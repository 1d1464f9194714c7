import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { ConsumeBatchOptions } from "../../src/api/consuming.ts";
import type { Message } from "../../src/api/message.ts";
import { Dispatcher } from "../../src/receiving/dispatcher.ts";
import { HeldMessage } from "../../src/receiving/held-message.ts";
import { Holdings } from "../../src/receiving/holdings.ts";
import { batchPlan, singlePlan } from "../../src/receiving/plan.ts";
import { SuspectTurns } from "../../src/receiving/suspect-turns.ts";
import { delivery } from "../deliveries.ts";
import { ManualClock, settled } from "../manual-clock.ts";
import { SourceDouble } from "../source-double.ts";

const live = new AbortController().signal;
const unused = (): never => {
  throw new Error("the dispatcher settles nothing");
};

interface BenchOptions extends ConsumeBatchOptions {
  readonly ordered?: boolean;
  readonly batch?: boolean;
  readonly prepare?: (held: HeldMessage) => boolean | Promise<boolean>;
  /** How long after a failure the handler is to run again, in milliseconds; never by default. */
  readonly runAgainAfter?: number;
  /** The bench of another consumer of the same broker object. */
  readonly beside?: { readonly clock: ManualClock; readonly turns: SuspectTurns; readonly log: string[] };
}

/** A dispatcher whose handlers begin and end as the test says. */
function bench(benchOptions: BenchOptions = {}) {
  const { ordered = false, batch = false, prepare = () => true, runAgainAfter, beside, ...options } = benchOptions;
  const clock = beside?.clock ?? new ManualClock();
  const turns = beside?.turns ?? new SuspectTurns(clock, false);
  const means = { hasReturnQueue: true, holdsKeyBack: ordered, canDelayCopies: true };
  const holdings = new Holdings(new SourceDouble(), { queue: "jobs" }, means, undefined, clock, {
    lost: unused,
    leasesEnded: unused,
    failed: unused,
  });
  const settler = { ack: unused, retry: unused, deadLetter: unused };
  /** What happened, in its order. */
  const log: string[] = beside?.log ?? [];
  const running = new Map<string, { readonly end: () => void; readonly fail: (error: Error) => void }>();
  const handle = (messages: readonly Message[]): Promise<void> => {
    const ids = messages.map(({ id }) => id).join("+");
    log.push(`start ${ids}`);
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const end = (finish: () => void): void => {
      running.delete(ids);
      finish();
    };
    running.set(ids, { end: () => end(resolve), fail: (error) => end(() => reject(error)) });
    return promise;
  };
  const decide = (held: HeldMessage): void => {
    if (runAgainAfter === undefined || held.state !== "running") return;
    held.decideToRunAgain(held.failures + 1, runAgainAfter, clock.now() + runAgainAfter);
  };
  const plan = batch ? batchPlan(handle, options) : singlePlan((message) => handle([message]), options);
  const dispatcher = new Dispatcher(plan, ordered, clock, turns, {
    prepare,
    async prepareSuspect(held) {
      log.push(`suspect ${held.id}, ${turns.suspects - 1} more`);
      return prepare(held);
    },
    flush: async () => {},
    succeeded(held) {
      log.push(`done ${held.id}`);
    },
    threw(held, error) {
      log.push(`threw ${held.id}: ${error instanceof Error ? error.message : "no error"}`);
      decide(held);
    },
    timedOut(held) {
      log.push(`timeout ${held.id}`);
      decide(held);
    },
    stuckChanged(isStuck) {
      log.push(isStuck ? "stuck" : "no longer stuck");
    },
  });
  return {
    clock,
    turns,
    dispatcher,
    log,
    running,
    /** Messages `a1 a2 b1`: the letter is the key, `-` stands for none, `?` for one crash, `!` for two, each further `!` for another. */
    add(ids: string, suspectsMayStart = true): readonly HeldMessage[] {
      const messages = ids.split(" ").map((id) => {
        const key = id.startsWith("-") ? undefined : id.charAt(0);
        return new HeldMessage(
          delivery(id, { key, deliveries: id.includes("!") ? id.split("!").length : id.includes("?") ? 1 : 0 }),
          holdings,
          settler,
          undefined,
        );
      });
      for (const held of messages) dispatcher.push(held);
      if (suspectsMayStart) void dispatcher.dealWithSuspects(new AbortController().signal);
      else dispatcher.pump();
      return messages;
    },
    async end(ids: string): Promise<void> {
      running.get(ids)?.end();
      await settled();
    },
    async fail(ids: string, message = "broken"): Promise<void> {
      running.get(ids)?.fail(new Error(message));
      await settled();
    },
    /** The log since the last call. */
    seen: (): readonly string[] => log.splice(0),
  };
}

describe("handlers", () => {
  test("run one at a time by default, in the order of the deliveries", async () => {
    const { add, end, seen } = bench();
    add("-1 -2 -3");
    expect(seen()).toEqual(["start -1"]);
    await end("-1");
    expect(seen()).toEqual(["done -1", "start -2"]);
  });

  test("run at most `concurrency` at once", async () => {
    const { add, end, seen, dispatcher } = bench({ concurrency: 2 });
    add("-1 -2 -3 -4");
    expect(seen()).toEqual(["start -1", "start -2"]);
    expect([dispatcher.running, dispatcher.waiting]).toEqual([2, 2]);
    await end("-2");
    expect(seen()).toEqual(["done -2", "start -3"]);
  });

  test("of one key run side by side where no order was asked for", () => {
    const { add, seen } = bench({ concurrency: 2 });
    add("a1 a2");
    expect(seen()).toEqual(["start a1", "start a2"]);
  });

  test("of one key run one after the other on an ordered source, of several keys side by side", async () => {
    const { add, end, seen } = bench({ ordered: true, concurrency: 3 });
    add("a1 a2 b1 -1 -2");
    expect(seen()).toEqual(["start a1", "start b1", "start -1"]);
    await end("a1");
    expect(seen()).toEqual(["done a1", "start a2"]);
    await end("-1");
    expect(seen()).toEqual(["done -1", "start -2"]);
  });

  test("that throw or reject are reported with their error, and the next one runs", async () => {
    const { add, fail, seen } = bench();
    add("-1 -2");
    await fail("-1", "no");
    expect(seen()).toEqual(["start -1", "threw -1: no", "start -2"]);
  });

  test("that return at once do not deepen the stack", () => {
    const clock = new ManualClock();
    let count = 0;
    const plan = singlePlan(() => undefined, {});
    const ended = (): void => {
      count += 1;
    };
    const dispatcher = new Dispatcher(plan, false, clock, new SuspectTurns(clock, false), {
      prepare: () => true,
      prepareSuspect: unused,
      succeeded: ended,
      threw: unused,
      timedOut: unused,
      flush: unused,
      stuckChanged: unused,
    });
    const means = { hasReturnQueue: true, holdsKeyBack: false, canDelayCopies: true };
    const events = { lost: unused, leasesEnded: unused, failed: unused };
    const holdings = new Holdings(new SourceDouble(), { queue: "jobs" }, means, undefined, clock, events);
    const settler = { ack: unused, retry: unused, deadLetter: unused };
    for (let id = 0; id < 5_000; id += 1) {
      dispatcher.push(new HeldMessage(delivery(`${id}`), holdings, settler, undefined));
    }
    dispatcher.pump();
    expect(count).toBe(5_000);
  });
});

describe("before its handler a message is made ready", () => {
  test("and when no handler is to see it the next one runs", () => {
    const { add, seen } = bench({ prepare: (held) => held.id !== "-1" });
    add("-1 -2");
    expect(seen()).toEqual(["start -2"]);
  });

  test("and takes a slot meanwhile", async () => {
    const ready = Promise.withResolvers<boolean>();
    const { add, seen } = bench({ prepare: (held) => (held.id === "-1" ? ready.promise : true) });
    add("-1 -2");
    await settled();
    expect(seen()).toEqual([]);
    ready.resolve(true);
    await settled();
    expect(seen()).toEqual(["start -1"]);
  });

  test("and frees its key when no handler is to see it", async () => {
    const { add, seen } = bench({ ordered: true, prepare: async (held) => held.id !== "a1" });
    add("a1 a2");
    await settled();
    expect(seen()).toEqual(["start a2"]);
  });

  test("and when it is lost meanwhile no handler sees it", async () => {
    const ready = Promise.withResolvers<boolean>();
    const { add, seen } = bench({ prepare: (held) => (held.id === "-1" ? ready.promise : true) });
    const [first] = add("-1 -2");
    first?.lose(new Error("lease lost"));
    ready.resolve(true);
    await settled();
    expect(seen()).toEqual(["start -2"]);
  });
});

describe("a handler whose time is over", () => {
  test("is reported, and its slot is free", async () => {
    const { add, clock, seen } = bench({ concurrency: 2, timeout: 1_000 });
    add("-1");
    await clock.advance(500);
    add("-2 -3");
    await clock.advance(499);
    expect(seen()).toEqual(["start -1", "start -2"]);
    await clock.advance(1);
    expect(seen()).toEqual(["timeout -1", "start -3"]);
  });

  test("keeps its key until it returns: two handlers never have the same key", async () => {
    const { add, clock, end, seen } = bench({ ordered: true, concurrency: 2, timeout: 1_000 });
    add("a1 a2");
    await clock.advance(1_000);
    add("b1");
    expect(seen()).toEqual(["start a1", "timeout a1", "start b1"]);
    await end("a1");
    expect(seen()).toEqual(["done a1", "start a2"]);
  });

  test("takes no second slot when it returns late", async () => {
    const { add, clock, end, seen } = bench({ concurrency: 2, timeout: 1_000 });
    add("-1");
    await clock.advance(1_000);
    await end("-1");
    add("-2 -3 -4");
    expect(seen()).toEqual(["start -1", "timeout -1", "done -1", "start -2", "start -3"]);
  });

  test("is one too many when as many are overdue as may run at once: the consumer is stuck", async () => {
    const { add, clock, seen } = bench({ concurrency: 2, timeout: 1_000 });
    add("-1 -2 -3");
    await clock.advance(1_000);
    expect(seen()).toEqual(["start -1", "start -2", "timeout -1", "start -3", "timeout -2", "stuck"]);
  });

  test("lets nothing start while the consumer is stuck, until it returns", async () => {
    const { add, clock, dispatcher, end, seen } = bench({ concurrency: 1, timeout: 1_000 });
    add("-1");
    await clock.advance(1_000);
    add("-2");
    expect(dispatcher.isStuck).toBe(true);
    await end("-1");
    expect(dispatcher.isStuck).toBe(false);
    expect(seen()).toEqual(["start -1", "timeout -1", "stuck", "done -1", "no longer stuck", "start -2"]);
  });

  test("does not keep the dispatcher from being idle", async () => {
    const { add, clock, dispatcher, seen } = bench({ concurrency: 2, timeout: 1_000 });
    add("-1");
    await clock.advance(1_000);
    await dispatcher.idle(live);
    expect(dispatcher.running).toBe(1);
    expect(dispatcher.inHandlers().map(({ id }) => id)).toEqual(["-1"]);
    expect(seen()).toEqual(["start -1", "timeout -1"]);
  });
});

describe("a message that runs again here", () => {
  test("waits after its handler has thrown, then comes before all others", async () => {
    const { add, clock, fail, seen, dispatcher } = bench({ runAgainAfter: 100 });
    add("-1 -2 -3");
    await fail("-1");
    expect(seen()).toEqual(["start -1", "threw -1: broken", "start -2"]);
    expect(dispatcher.waiting).toBe(2);
    await clock.advance(99);
    expect(dispatcher.waiting).toBe(2);
    await clock.advance(1);
    await fail("-2");
    expect(seen()).toEqual(["threw -2: broken", "start -1"]);
  });

  test("keeps its key while it waits, and lets other keys pass", async () => {
    const { add, clock, end, fail, seen } = bench({ ordered: true, concurrency: 2, runAgainAfter: 100 });
    add("a1 a2 b1");
    await fail("a1");
    await end("b1");
    expect(seen()).toEqual(["start a1", "start b1", "threw a1: broken", "done b1"]);
    await clock.advance(100);
    await end("a1");
    expect(seen()).toEqual(["start a1", "done a1", "start a2"]);
  });

  test("counts its failures, and has a signal of its own", async () => {
    const { add, clock, fail } = bench({ runAgainAfter: 100 });
    const [message] = add("-1");
    const first = message?.signal;
    message?.abort(new Error("timed out"));
    await fail("-1");
    await clock.advance(100);
    expect(message?.attempt).toBe(2);
    // A timer may fire a millisecond before the clock shows its time. That must not send the message away.
    expect(message?.notBefore).toBe(0);
    expect(first?.aborted).toBe(true);
    expect(message?.signal.aborted).toBe(false);
  });

  test("does not wait when it is lost before its handler has returned: its key is free", async () => {
    const { add, clock, end, seen, dispatcher } = bench({
      ordered: true,
      concurrency: 2,
      timeout: 1_000,
      runAgainAfter: 100,
    });
    const [first] = add("a1 a2");
    await clock.advance(1_000);
    first?.lose(new Error("lease lost"));
    await end("a1");
    expect(seen()).toEqual(["start a1", "timeout a1", "done a1", "start a2"]);
    expect(dispatcher.waiting).toBe(0);
  });

  test("waits for its handler to return, however late, and only then for its time", async () => {
    const { add, clock, end, seen } = bench({ concurrency: 2, timeout: 1_000, runAgainAfter: 100 });
    add("-1");
    await clock.advance(5_000);
    expect(seen()).toEqual(["start -1", "timeout -1"]);
    await end("-1");
    await clock.advance(99);
    expect(seen()).toEqual(["done -1"]);
    await clock.advance(1);
    expect(seen()).toEqual(["start -1"]);
  });

  test("can be removed while it waits, which frees its key", async () => {
    const { add, clock, fail, seen, dispatcher } = bench({ ordered: true, runAgainAfter: 100 });
    add("a1 a2 b1");
    await fail("a1");
    expect(dispatcher.remove((held) => held.id === "a1").map(({ id }) => id)).toEqual(["a1"]);
    await fail("b1");
    await clock.advance(1_000);
    expect(seen().filter((line) => line.startsWith("start"))).toEqual(["start a1", "start b1", "start a2"]);
  });
});

describe("batches", () => {
  const batch = true;

  test("start at once when they are full; what is left over waits", async () => {
    const { add, clock, seen } = bench({ batch, max: 2, wait: 1_000, concurrency: 5 });
    add("-1 -2");
    await settled();
    expect(seen()).toEqual(["start -1+-2"]);
    add("-3 -4 -5");
    await settled();
    expect(seen()).toEqual(["start -3+-4"]);
    await clock.advance(1_000);
    expect(seen()).toEqual(["start -5"]);
  });

  test("are filled up for as long as they may wait", async () => {
    const { add, clock, seen } = bench({ batch, max: 3, wait: 1_000 });
    add("-1");
    await clock.advance(999);
    add("-2");
    expect(seen()).toEqual([]);
    await clock.advance(1);
    expect(seen()).toEqual(["start -1+-2"]);
  });

  test("start at once, however small, when they may not wait", async () => {
    const { add, seen } = bench({ batch, max: 3, wait: 0 });
    add("-1");
    await settled();
    expect(seen()).toEqual(["start -1"]);
  });

  test("begin to wait when there is a message and a slot, and each waits anew", async () => {
    const { add, clock, end, seen } = bench({ batch, max: 3, wait: 1_000 });
    add("-1");
    await clock.advance(1_000);
    add("-2");
    await clock.advance(5_000);
    expect(seen()).toEqual(["start -1"]);
    await end("-1");
    await clock.advance(999);
    expect(seen()).toEqual(["done -1"]);
    await clock.advance(1);
    expect(seen()).toEqual(["start -2"]);
    await end("-2");
    await clock.advance(900);
    add("-3");
    await clock.advance(999);
    expect(seen()).toEqual(["done -2"]);
    await clock.advance(1);
    expect(seen()).toEqual(["start -3"]);
  });

  test("have at most one message of a key on an ordered source", async () => {
    const { add, end, seen } = bench({ batch, ordered: true, max: 3, wait: 0 });
    add("a1 a2 b1 a3");
    await settled();
    expect(seen()).toEqual(["start a1+b1"]);
    await end("a1+b1");
    expect(seen()).toEqual(["done a1", "done b1", "start a2"]);
  });

  test("leave out what no handler is to see, and free its key", async () => {
    const { add, seen } = bench({
      batch,
      ordered: true,
      concurrency: 2,
      max: 3,
      wait: 0,
      prepare: (held) => held.id !== "b1",
    });
    add("a1 b1 c1 b2");
    await settled();
    expect(seen()).toEqual(["start a1+c1", "start b2"]);
  });

  test("that come to nothing make room for the next one", async () => {
    const { add, seen } = bench({ batch, max: 2, wait: 0, prepare: (held) => held.id === "-3" });
    add("-1 -2 -3");
    await settled();
    expect(seen()).toEqual(["start -3"]);
  });

  test("fail as a whole: each message is reported", async () => {
    const { add, fail, seen } = bench({ batch, max: 2, wait: 0 });
    add("-1 -2");
    await settled();
    await fail("-1+-2", "no");
    expect(seen()).toEqual(["start -1+-2", "threw -1: no", "threw -2: no"]);
  });

  test("time out as a whole", async () => {
    const { add, clock, seen } = bench({ batch, max: 2, wait: 0, timeout: 1_000, concurrency: 2 });
    add("-1 -2");
    await clock.advance(1_000);
    expect(seen()).toEqual(["start -1+-2", "timeout -1", "timeout -2"]);
  });
});

describe("a dispatcher", () => {
  test("that holds starts nothing until it is opened", async () => {
    const { add, dispatcher, end, seen } = bench({ concurrency: 2 });
    add("-1");
    dispatcher.hold();
    add("-2");
    await end("-1");
    expect(seen()).toEqual(["start -1", "done -1"]);
    dispatcher.open();
    expect(seen()).toEqual(["start -2"]);
  });

  test("is idle when every handler has returned", async () => {
    const { add, dispatcher, end } = bench({ concurrency: 2 });
    add("-1 -2");
    let isIdle = false;
    const idle = dispatcher.idle(live).then(() => {
      isIdle = true;
    });
    await end("-1");
    expect(isIdle).toBe(false);
    await end("-2");
    await idle;
    expect(isIdle).toBe(true);
  });

  test("is waited for no longer once the signal aborts", async () => {
    const { add, dispatcher } = bench();
    add("-1");
    const abort = new AbortController();
    const idle = dispatcher.idle(abort.signal);
    abort.abort();
    await idle;
    expect(dispatcher.running).toBe(1);
  });

  test("gives up the waiting messages that match, and no running one", () => {
    const { add, dispatcher, seen } = bench({ ordered: true });
    add("a1 a2 b1 a3");
    expect(dispatcher.remove((held) => held.key === "a").map(({ id }) => id)).toEqual(["a2", "a3"]);
    expect(dispatcher.waiting).toBe(1);
    expect(seen()).toEqual(["start a1"]);
  });

  test("that has stopped starts nothing and leaves no timer behind", async () => {
    const { add, clock, dispatcher, seen } = bench({ batch: true, max: 2, wait: 500, concurrency: 2, timeout: 1_000 });
    add("-1 -2 -3");
    await settled();
    expect(seen()).toEqual(["start -1+-2"]);
    dispatcher.stop();
    add("-4 -5");
    expect(clock.pending).toBe(0);
    expect(seen()).toEqual([]);
  });
});

type Step =
  | { readonly do: "add"; readonly key: string }
  | { readonly do: "end" | "fail"; readonly which: number }
  | { readonly do: "wait" };

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ do: fc.constant("add" as const), key: fc.constantFrom("a", "b", "c") }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constantFrom("end" as const, "fail" as const), which: fc.nat(5) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("wait" as const) }) },
);

test("whatever handlers do, each message runs until it succeeds, in the order of its key, within the concurrency", async () => {
  const sizes = fc.record({ concurrency: fc.integer({ min: 1, max: 3 }), max: fc.integer({ min: 1, max: 3 }) });
  await fc.assert(
    fc.asyncProperty(sizes, fc.array(step, { maxLength: 40 }), async ({ concurrency, max }, steps) => {
      const it = bench({
        batch: max > 1,
        ordered: true,
        concurrency,
        ...(max > 1 ? { max, wait: 10 } : {}),
        runAgainAfter: 50,
      });
      let added = 0;
      const check = (): void => {
        const inHandlers = [...it.running.keys()].flatMap((ids) => ids.split("+"));
        expect(it.running.size).toBeLessThanOrEqual(concurrency);
        const keys = inHandlers.map((id) => id.charAt(0));
        expect(new Set(keys).size).toBe(keys.length);
      };
      const run = async (one: Step): Promise<void> => {
        const batches = [...it.running.keys()];
        const ids = "which" in one ? (batches[one.which % Math.max(1, batches.length)] ?? "") : "";
        if (one.do === "add") {
          it.add(`${one.key}${added}`);
          added += 1;
        } else if (one.do === "end") await it.end(ids);
        else if (one.do === "fail") await it.fail(ids);
        else await it.clock.advance(60);
      };
      for (const one of steps) {
        await run(one);
        check();
      }
      const doneSoFar = (): readonly string[] => it.log.filter((line) => line.startsWith("done "));
      for (let rounds = 0; doneSoFar().length < added && rounds < 200; rounds += 1) {
        for (const ids of [...it.running.keys()]) await it.end(ids);
        await it.clock.advance(60);
        check();
      }
      const done = doneSoFar().map((line) => line.slice("done ".length));
      expect(done).toHaveLength(added);
      for (const key of ["a", "b", "c"]) {
        const turns = done.filter((id) => id.startsWith(key)).map((id) => Number(id.slice(1)));
        expect(turns).toEqual(turns.toSorted((a, b) => a - b));
      }
    }),
  );
});

describe("suspects", () => {
  test("start last, alone, and one after the other", async () => {
    const { add, log, running } = bench({ concurrency: 3 });
    add("-1! -2! -3 -4");
    expect(log).toEqual(["start -3", "start -4"]);
    running.get("-3")?.end();
    await settled();
    running.get("-4")?.end();
    await settled();
    expect(log.filter((line) => line.startsWith("suspect"))).toHaveLength(1);
    expect(running.size).toBe(1);
    for (const { end } of running.values()) end();
    await settled();
    expect(running.size).toBe(1);
    for (const { end } of running.values()) end();
    await settled();
    expect(log.filter((line) => line.startsWith("suspect")).map((line) => line.slice(-6))).toEqual([
      "1 more",
      "0 more",
    ]);
  });

  test("go by their crashes and then by their ids, backwards after every third crash", async () => {
    const order = async (ids: string): Promise<readonly string[]> => {
      const { add, log, running } = bench({ concurrency: 3 });
      add(ids);
      for (const _ of ids.split(" ")) {
        await settled();
        for (const { end } of running.values()) end();
      }
      return log.filter((line) => line.startsWith("start")).map((line) => line.slice(6));
    };
    expect(await order("-2! -3! -1!")).toEqual(["-1!", "-2!", "-3!"]);
    expect(await order("-2!! -3!! -1!!")).toEqual(["-3!!", "-2!!", "-1!!"]);
    expect(await order("-1!!!! -2! -3!!")).toEqual(["-2!", "-3!!", "-1!!!!"]);
    expect(await order("-1!!!! -2!! -3!!!!!")).toEqual(["-3!!!!!", "-2!!", "-1!!!!"]);
  });

  test("wait for neighbours that are still to be read", async () => {
    const { add, dispatcher, log, running } = bench({ concurrency: 3 });
    add("-1!", false);
    add("-2 -3!", false);
    await settled();
    running.get("-2")?.end();
    await settled();
    expect(log.filter((line) => line.startsWith("start"))).toEqual(["start -2"]);
    void dispatcher.dealWithSuspects(new AbortController().signal);
    await settled();
    expect(log.filter((line) => line.startsWith("suspect"))).toHaveLength(1);
  });

  test("hold back what comes while they run", async () => {
    const { add, dispatcher, log, running } = bench({ concurrency: 3 });
    add("-1!");
    await settled();
    add("-2");
    expect(dispatcher.suspects).toBe(1);
    expect(log).toEqual(["suspect -1!, 0 more", "start -1!"]);
    running.get("-1!")?.end();
    await settled();
    expect(dispatcher.suspects).toBe(0);
    expect(log.slice(2)).toEqual(["done -1!", "start -2"]);
  });

  test("wait for what came back from a crash, failed and backs off, and for what is behind it", async () => {
    const { add, clock, end, fail, seen } = bench({ ordered: true, runAgainAfter: 1_000 });
    add("a1? a2? b1!");
    await fail("a1?");
    expect(seen()).toEqual(["start a1?", "threw a1?: broken"]);
    await clock.advance(1_000);
    await end("a1?");
    await end("a2?");
    expect(seen()).toEqual(["start a1?", "done a1?", "start a2?", "done a2?", "suspect b1!, 0 more", "start b1!"]);
  });

  test("do not wait for what backs off and came later, nor for more than 5 s", async () => {
    const { add, fail, seen } = bench({ ordered: true, runAgainAfter: 60_000 });
    add("a1");
    await fail("a1");
    add("b1!");
    await settled();
    expect(seen()).toEqual(["start a1", "threw a1: broken", "suspect b1!, 0 more", "start b1!"]);
    const other = bench({ ordered: true, runAgainAfter: 60_000 });
    other.add("a1? b1!");
    await other.fail("a1?");
    await other.clock.advance(4_999);
    expect(other.seen()).toEqual(["start a1?", "threw a1?: broken"]);
    await other.clock.advance(1);
    expect(other.seen()).toEqual(["suspect b1!, 0 more", "start b1!"]);
  });

  test("keep the order of their key: what is behind one waits for it", async () => {
    const { add, log, running } = bench({ ordered: true, concurrency: 3 });
    add("a1! a2 b1");
    expect(log).toEqual(["start b1"]);
    running.get("b1")?.end();
    await settled();
    expect(log.slice(2)).toEqual(["suspect a1!, 0 more", "start a1!"]);
    running.get("a1!")?.end();
    await settled();
    expect(log.at(-1)).toBe("start a2");
  });

  test("start after five seconds, whatever else still runs", async () => {
    const { add, clock, log, running } = bench({ concurrency: 3 });
    add("-1! -2");
    await clock.advance(4_999);
    expect(log).toEqual(["start -2"]);
    await clock.advance(1);
    await settled();
    expect(log.slice(1)).toEqual(["suspect -1!, 0 more", "start -1!"]);
    running.get("-2")?.end();
  });

  test("that overrun their time hold nothing back any more", async () => {
    const { add, clock, log } = bench({ concurrency: 3, timeout: 100 });
    add("-1!");
    await settled();
    add("-2");
    await clock.advance(100);
    await settled();
    expect(log.slice(2)).toEqual(["timeout -1!", "start -2"]);
  });
});

describe("suspects of several consumers of a broker object", () => {
  test("take turns in one order, whichever consumer has them", async () => {
    const one = bench();
    const other = bench({ beside: one });
    one.add("-1!");
    one.add("-2!!!");
    await settled();
    expect(one.seen()).toEqual(["suspect -1!, 0 more", "start -1!"]);
    other.add("-3!");
    await settled();
    expect(one.seen()).toEqual([]);
    await one.end("-1!");
    expect(one.seen()).toEqual(["done -1!", "suspect -3!, 1 more", "start -3!"]);
    await other.end("-3!");
    expect(one.seen()).toEqual(["done -3!", "suspect -2!!!, 0 more", "start -2!!!"]);
  });

  test("let go first what another consumer had at one crash, and do not wait for what came later", async () => {
    const one = bench();
    const other = bench({ beside: one, concurrency: 2 });
    other.add("-1? -2");
    one.add("-3!");
    await settled();
    expect(one.seen()).toEqual(["start -1?", "start -2"]);
    await other.end("-1?");
    expect(one.seen()).toEqual(["done -1?", "suspect -3!, 0 more", "start -3!"]);
  });

  test("start all the same after 5 s", async () => {
    const one = bench();
    const other = bench({ beside: one });
    other.add("-1?");
    one.add("-2!");
    await one.clock.advance(4_999);
    expect(one.seen()).toEqual(["start -1?"]);
    await one.clock.advance(1);
    expect(one.seen()).toEqual(["suspect -2!, 0 more", "start -2!"]);
  });

  test("wait until every consumer has opened, and 100 ms longer", async () => {
    const one = bench();
    const opened = Promise.withResolvers<void>();
    one.turns.waitFor(opened.promise);
    one.add("-1!");
    await one.clock.advance(1_000);
    opened.resolve();
    await settled();
    await one.clock.advance(99);
    expect(one.seen()).toEqual([]);
    await one.clock.advance(1);
    expect(one.seen()).toEqual(["suspect -1!, 0 more", "start -1!"]);
  });

  test("do not wait for a consumer that has closed", async () => {
    const one = bench();
    const other = bench({ beside: one });
    other.add("-1?");
    one.add("-2!");
    expect(one.seen()).toEqual(["start -1?"]);
    other.dispatcher.stop();
    await settled();
    expect(one.seen()).toEqual(["suspect -2!, 0 more", "start -2!"]);
  });
});
