import type { Capabilities } from "@anybroker/core";
import type { Backend } from "./backend.ts";
import { type Case, isFeature, type Need } from "./case.ts";
import { CASES } from "./cases.ts";
import { CaseContext } from "./context.ts";
import { type CaseReport, type Report, writeReport } from "./report.ts";
import { within } from "./wait.ts";

/** What a runner gives to a test: vitest's and node:test's contexts fit. */
export interface TestContext {
  readonly signal: AbortSignal;
  skip(reason?: string): void;
}

/** A test runner, such as `{ test: test.concurrent, after: afterAll }` with vitest. Cases may run side by side. */
export interface Runner {
  test(name: string, run: (context: TestContext) => Promise<void>): void;
  /** Called once, to have something done after the last test. Needed for a report in a file. */
  after?(run: () => Promise<void>): void;
}

/** How the suite is run. */
export interface ConformanceOptions {
  /** Where to write a report in JSON. */
  readonly report?: string;
  /** Runs some cases only. */
  readonly only?: (one: Case) => boolean;
}

/** A run of the suite that has been handed to a runner. */
export interface Suite {
  /** What is known so far. */
  report(): Report;
}

const PATIENCE = 10_000;
/** A case may wait so many times for something, in sum. */
const WAITS = 3;

interface Server {
  readonly capabilities: Capabilities;
  readonly product: string;
  readonly version: string;
}

/** Registers every case with the runner: each is one test, named `id: sentence`. */
export function conformance(backend: Backend, runner: Runner, options: ConformanceOptions = {}): Suite {
  const unknown = Object.keys(backend.deviations ?? {}).filter((id) => CASES.every((one) => one.id !== id));
  if (unknown.length > 0) throw new TypeError(`deviations of ${backend.name} name no case: ${unknown.join(", ")}`);
  const run = new Run(backend);
  for (const one of CASES.filter(options.only ?? (() => true))) {
    runner.test(`${one.id}: ${one.name}`, (context) => run.test(one, context));
  }
  const { report: path } = options;
  if (path !== undefined) runner.after?.(() => writeReport(run.report(), path));
  return run;
}

class Run implements Suite {
  readonly #backend: Backend;
  readonly #patience: number;
  readonly #startedAt = new Date().toISOString();
  readonly #cases: CaseReport[] = [];
  #server: Server | undefined;
  #meeting: Promise<Server> | undefined;

  constructor(backend: Backend) {
    this.#backend = backend;
    this.#patience = backend.patience ?? PATIENCE;
  }

  report(): Report {
    const { product, version, capabilities } = this.#server ?? {};
    return {
      backend: this.#backend.name,
      server: product === undefined || version === undefined ? undefined : { product, version },
      startedAt: this.#startedAt,
      capabilities,
      cases: [...this.#cases],
    };
  }

  /** Runs one case; rejects when it fails and skips the test when the case says nothing of this backend. */
  async test(one: Case, context: TestContext): Promise<void> {
    const start = performance.now();
    const deviation = this.#backend.deviations?.[one.id];
    const end = (status: CaseReport["status"], reason?: string): void => {
      const ms = Math.round(performance.now() - start);
      this.#cases.push({ id: one.id, name: one.name, status, ms, reason });
    };
    let skipped: string | undefined;
    try {
      skipped = await this.#run(one, context.signal);
    } catch (error) {
      if (deviation === undefined) {
        end("failed", error instanceof Error ? error.message : String(error));
        throw error;
      }
      end("deviation", deviation);
      return context.skip(`deviation: ${deviation}`);
    }
    if (skipped !== undefined) {
      end("not-applicable", skipped);
      return context.skip(skipped);
    }
    if (deviation === undefined) return end("passed");
    const message = `${this.#backend.name} passes ${one.id}: remove it from the deviations (${deviation})`;
    end("failed", message);
    throw new Error(message);
  }

  /** Answers why the case does not apply, or undefined when it has passed. */
  async #run(one: Case, signal: AbortSignal): Promise<string | undefined> {
    const server = await this.#meet();
    const missing = (one.needs ?? []).find((need) => !offers(this.#backend, server.capabilities, need));
    if (missing !== undefined) return lacks(missing);
    const deadline = this.#patience * WAITS * (one.effort ?? 1);
    const stop = new AbortController();
    const stopped = AbortSignal.any([signal, stop.signal]);
    const context = new CaseContext(this.#backend, server.capabilities, stopped, this.#patience);
    try {
      await within("the case to end", one.run(context), deadline, signal);
    } finally {
      stop.abort(new Error("the case has ended"));
      await context.end();
    }
    return undefined;
  }

  #meet(): Promise<Server> {
    this.#meeting ??= this.#greet();
    return this.#meeting;
  }

  async #greet(): Promise<Server> {
    const unused = new AbortController().signal;
    // The cast is true: connecting looks at no capability.
    const context = new CaseContext(this.#backend, {} as Capabilities, unused, this.#patience);
    const broker = await context.connect();
    const { server } = await broker.health();
    const { product = "unknown", version = "unknown" } = server ?? {};
    const { capabilities } = broker;
    await context.end();
    this.#server = { capabilities, product, version };
    return this.#server;
  }
}

function offers(backend: Backend, capabilities: Capabilities, need: Need): boolean {
  if (isFeature(need)) return capabilities[need] !== "none";
  if (need === "ordering") return capabilities.ordering !== "none";
  if (need === "ordering.strict") return capabilities.ordering === "strict";
  if (need === "sendOrder.strict") return capabilities.sendOrder === "strict";
  if (need === "lease.kept") return (backend.lease ?? backend.session) !== undefined;
  return backend[need] !== undefined;
}

function lacks(need: Need): string {
  const capability = isFeature(need) || need.startsWith("ordering") || need.startsWith("sendOrder");
  if (capability) return `not a capability of this backend: ${need}`;
  return `the backend offers no ${need === "lease.kept" ? "lease" : need} to the suite`;
}
