import type { Capabilities } from "@anybroker/core";
import { type Case, isFeature, type Need } from "./case.ts";
import { CASES } from "./cases.ts";
import { CaseContext } from "./context.ts";
import { type CaseResult, type SuiteReport, writeReport } from "./report.ts";
import type { Subject } from "./subject.ts";
import { within } from "./wait.ts";

/** The context that a test runner passes to a test. The contexts of vitest and of node:test fit. */
export interface TestContext {
  readonly signal: AbortSignal;
  skip(reason?: string): void;
}

/** A test runner, such as `{ test: test.concurrent, after: afterAll }` with vitest. It may run cases at once. */
export interface Runner {
  test(name: string, run: (context: TestContext) => Promise<void>): void;
  /** Registers a function that runs after the last test. Needed to write a report. */
  readonly after?: ((run: () => Promise<void>) => void) | undefined;
}

/** Options of {@link conformance}. */
export interface ConformanceOptions {
  /** The file to write a report to, in JSON. */
  readonly report?: string | undefined;
  /** Runs only the cases for which it returns true. */
  readonly only?: ((one: Case) => boolean) | undefined;
}

/** A run of the suite that a test runner executes. */
export interface Suite {
  /** The results so far. */
  report(): SuiteReport;
}

const PATIENCE = 10_000;
/** The deadline of a case, as a multiple of the patience: a case may wait several times. */
const DEADLINE_FACTOR = 3;

interface Server {
  readonly capabilities: Capabilities;
  readonly product: string;
  readonly version: string;
}

/** Registers every case with the runner. Each case is one test, named `id: sentence`. */
export function conformance(subject: Subject, runner: Runner, options: ConformanceOptions = {}): Suite {
  const unknown = Object.keys(subject.deviations ?? {}).filter((id) => CASES.every((one) => one.id !== id));
  if (unknown.length > 0) throw new TypeError(`deviations of ${subject.name} name no case: ${unknown.join(", ")}`);
  const run = new Run(subject);
  for (const one of CASES.filter(options.only ?? (() => true))) {
    runner.test(`${one.id}: ${one.name}`, (context) => run.test(one, context));
  }
  const { report: path } = options;
  if (path !== undefined) runner.after?.(() => writeReport(run.report(), path));
  return run;
}

class Run implements Suite {
  readonly #subject: Subject;
  readonly #patience: number;
  readonly #startedAt = new Date().toISOString();
  readonly #results: CaseResult[] = [];
  #server: Server | undefined;
  #inspecting: Promise<Server> | undefined;

  constructor(subject: Subject) {
    this.#subject = subject;
    this.#patience = subject.patience ?? PATIENCE;
  }

  report(): SuiteReport {
    const { product, version, capabilities } = this.#server ?? {};
    return {
      backend: this.#subject.name,
      server: product === undefined || version === undefined ? undefined : { product, version },
      startedAt: this.#startedAt,
      capabilities,
      cases: [...this.#results],
    };
  }

  /** Runs one case. Rejects when the case fails, and skips the test when the case does not apply. */
  async test(one: Case, context: TestContext): Promise<void> {
    const start = performance.now();
    const deviation = this.#subject.deviations?.[one.id];
    const end = (status: CaseResult["status"], reason?: string): void => {
      const ms = Math.round(performance.now() - start);
      this.#results.push({ id: one.id, name: one.name, status, ms, reason });
    };
    let notApplicable: string | undefined;
    try {
      notApplicable = await this.#run(one, context.signal);
    } catch (error) {
      if (deviation === undefined) {
        end("failed", error instanceof Error ? error.message : String(error));
        throw error;
      }
      end("deviation", deviation);
      return context.skip(`deviation: ${deviation}`);
    }
    if (notApplicable !== undefined) {
      end("not-applicable", notApplicable);
      return context.skip(notApplicable);
    }
    if (deviation === undefined) return end("passed");
    const message = `${this.#subject.name} passes ${one.id}: remove it from the deviations (${deviation})`;
    end("failed", message);
    throw new Error(message);
  }

  /** Returns why the case does not apply, or undefined when it has passed. */
  async #run(one: Case, signal: AbortSignal): Promise<string | undefined> {
    const server = await this.#inspect();
    const missing = (one.needs ?? []).find((need) => !offers(this.#subject, server.capabilities, need));
    if (missing !== undefined) return whyNotApplicable(missing);
    const deadline = this.#patience * DEADLINE_FACTOR * (one.effort ?? 1);
    const stop = new AbortController();
    const stopped = AbortSignal.any([signal, stop.signal]);
    const context = new CaseContext(this.#subject, server.capabilities, stopped, this.#patience);
    try {
      await within("the case to end", one.run(context), deadline, signal);
    } finally {
      stop.abort(new Error("the case has ended"));
      await context.end();
    }
    return undefined;
  }

  /** Connects once, to find out what the server can do. */
  #inspect(): Promise<Server> {
    this.#inspecting ??= this.#connectAndInspect();
    return this.#inspecting;
  }

  async #connectAndInspect(): Promise<Server> {
    const unused = new AbortController().signal;
    // The cast is true: connecting looks at no capability.
    const context = new CaseContext(this.#subject, {} as Capabilities, unused, this.#patience);
    const broker = await context.connect();
    const { server } = await broker.health();
    const { product = "unknown", version = "unknown" } = server ?? {};
    const { capabilities } = broker;
    await context.end();
    this.#server = { capabilities, product, version };
    return this.#server;
  }
}

function offers(subject: Subject, capabilities: Capabilities, need: Need): boolean {
  if (isFeature(need)) return capabilities[need] !== "none";
  if (need === "ordering") return capabilities.ordering !== "none";
  if (need === "ordering.strict") return capabilities.ordering === "strict";
  if (need === "sendOrder.strict") return capabilities.sendOrder === "strict";
  if (need === "lease.kept") return (subject.lease ?? subject.session) !== undefined;
  if (need === "remove") return capabilities.delete !== "none" || subject.remove !== undefined;
  return subject[need] !== undefined;
}

function whyNotApplicable(missing: Need): string {
  const capability = isFeature(missing) || missing.startsWith("ordering") || missing.startsWith("sendOrder");
  if (capability) return `not a capability of this backend: ${missing}`;
  return `the suite was given no ${missing === "lease.kept" ? "lease" : missing}`;
}
