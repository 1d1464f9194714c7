import { equal, ok, rejects } from "node:assert/strict";
import { inspect } from "node:util";
import { connect } from "@anybroker/core";
import type { Case } from "../case.ts";
import { Faults, InjectedError } from "../layers/faults.ts";
import { gate } from "../wait.ts";

export const CONNECTING: readonly Case[] = [
  {
    id: "connect-retries",
    name: "When the broker cannot be reached at first, connecting is tried again within the connect timeout",
    section: "F",
    rows: [108, 113],
    async run(context) {
      const faults = new Faults();
      let failures = 2;
      faults.connect = () => {
        failures -= 1;
        return failures < 0 ? undefined : new InjectedError("UNAVAILABLE", true);
      };
      const { queue } = await context.queue({ faults });
      await queue.send("body");
      equal(failures, -1);
      ok(context.logged.some((line) => line.startsWith("warn cannot connect to ") && line.includes("; trying for ")));
    },
  },
  {
    id: "connect-timeout",
    name: "Connecting to an unreachable broker fails with UNAVAILABLE after the connect timeout",
    section: "F",
    rows: [108],
    async run(context) {
      const faults = new Faults();
      faults.connect = () => new InjectedError("UNAVAILABLE", true, "no server");
      const start = performance.now();
      await rejects(context.connect({ faults, connectTimeout: 150 }), {
        name: "BrokerError",

        code: "UNAVAILABLE",
        retryable: true,
      });
      ok(performance.now() - start < context.patience, "it took too long");
      // On a clock that skips every wait, to see that the tries go on for nearly the whole timeout.
      let [now, last] = [0, 0];
      const clock = {
        now: () => now,
        after(ms: number, run: () => void) {
          const timer = setImmediate(() => {
            now += ms;
            run();
          });
          return () => clearImmediate(timer);
        },
      };
      faults.connect = () => {
        last = now;
        return new InjectedError("UNAVAILABLE", true, "no server");
      };
      const slow = { initial: 1_000, max: 60_000 };
      await rejects(context.connect({ faults, clock, connectTimeout: 30_000, reconnect: slow }), {
        code: "UNAVAILABLE",
      });
      ok(last >= 28_000 && now <= 30_000, `tried until ${last} of 30000 ms, failed at ${now}`);
    },
  },
  {
    id: "connect-hangs",
    name: "Connecting to a broker that does not respond fails after the connect timeout, and can be tried again",
    section: "F",
    rows: [101, 108],
    async run(context) {
      const faults = new Faults();
      const never = gate();
      faults.connect = () => never.promise;
      await rejects(context.connect({ faults, connectTimeout: 100 }), { name: "BrokerError", retryable: true });
      faults.connect = undefined;
      const { queue } = await context.queue({ faults });
      await queue.send("body");
    },
  },
  {
    id: "unauthorized-at-once",
    name: "A wrong password fails with UNAUTHORIZED at once, without another try",
    section: "F",
    rows: [113, 118],
    async run(context) {
      const faults = new Faults();
      let tries = 0;
      faults.connect = () => {
        tries += 1;
        return new InjectedError("UNAUTHORIZED", false);
      };
      await rejects(context.connect({ faults }), { name: "BrokerError", code: "UNAUTHORIZED" });
      equal(tries, 1);
    },
  },
  {
    id: "connect-cancelled",
    name: "An aborted signal ends the first connect with CANCELLED",
    section: "F",
    rows: [102, 108],
    async run(context) {
      await rejects(context.connect({ signal: AbortSignal.abort() }), { name: "BrokerError", code: "CANCELLED" });
      const faults = new Faults();
      const stop = new AbortController();
      const never = gate();
      faults.connect = () => {
        queueMicrotask(() => stop.abort());
        return never.promise;
      };
      await rejects(context.connect({ faults, signal: stop.signal }), { name: "BrokerError", code: "CANCELLED" });
    },
  },
  {
    id: "no-secret-in-errors",
    name: "A password in the client's error appears neither in a BrokerError nor in the output of `inspect`",
    section: "F",
    rows: [113],
    async run(context) {
      const faults = new Faults();
      faults.connect = () => new InjectedError("UNAVAILABLE", false, "cannot reach x://user:tops3cret@host:1/");
      await rejects(context.connect({ faults }), (error: Error) => {
        ok(!error.message.includes("tops3cret"), error.message);
        ok(!inspect(error, { depth: 10 }).includes("tops3cret"), "the password is in the cause");
        return true;
      });
      faults.connect = undefined;
      const broker = await context.connect({ faults });
      ok(!inspect(broker, { depth: 1 }).includes("tops3cret"));
    },
  },
  {
    id: "connect-by-url",
    name: "A URL selects its adapter from the given drivers by its scheme",
    section: "F",
    rows: [119],
    async run(context) {
      const driver = context.subject.driver();
      const urls: string[] = [];
      const adapter = {
        name: "given",

        schemes: ["given"],
        driver: (config: { readonly url: string }) => {
          urls.push(config.url);
          return driver;
        },
      };
      await using broker = await connect("given://somewhere/x?y=z", { drivers: { given: () => adapter } });
      equal(urls[0], "given://somewhere/x?y=z");
      equal((await broker.health()).status, "up");
    },
  },
  {
    id: "bad-target",
    name: "A missing URL, an unknown scheme and a text that is not a URL fail with INVALID_CONFIG",
    section: "F",
    rows: [119],
    async run() {
      // The casts are deliberate: these targets are wrong, and must be refused at run time.
      const missing = process.env.ANYBROKER_SURELY_NOT_SET as unknown as string;
      for (const target of [
        missing,
        "",
        "not a url",
        "nosuchscheme://host",
        { url: 7 } as unknown as { url: string },
      ]) {
        await rejects(connect(target), { name: "BrokerError", code: "INVALID_CONFIG" }, inspect(target));
      }
    },
  },
];
