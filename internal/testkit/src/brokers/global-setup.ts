import { relative, sep } from "node:path";
import type { TestProject } from "vitest/node";
import { brokers, type NoServer } from "./all.ts";
import type { BrokerName, TestBroker } from "./broker.ts";
import { provision } from "./provision.ts";

const NAMES = Object.keys(brokers) as BrokerName[];

/** The backends of a run. */
interface Needs {
  /** Backends with one server for the whole run: those whose projects have a test file in it. */
  readonly shared: readonly BrokerName[];
  /** And those whose servers are started by test files themselves. The path of such a file names the backend. */
  readonly all: readonly BrokerName[];
}

function needsOf({ vitest, config }: TestProject): Needs {
  const paths = vitest.state.getPaths().map((path) => relative(config.root, path));
  const projects = paths.some((path) => path.endsWith("is-there.ts")) ? vitest.projects.map(({ name }) => name) : [];
  const inPackages = (name: string): boolean => paths.some((path) => path.startsWith(`packages${sep}${name}${sep}`));
  const shared = NAMES.filter((name) => projects.includes(name) || inPackages(name));
  const named = (name: string): boolean => paths.some((path) => path.split(/\W+/).includes(name));
  return { shared, all: NAMES.filter((name) => shared.includes(name) || named(name)) };
}

/** Starts the server of a backend for the whole run. */
async function startShared(project: TestProject, name: BrokerName): Promise<TestBroker | undefined> {
  const { label, start } = brokers[name];
  const since = performance.now();
  try {
    const broker = await start({});
    const { url, version, how } = broker;
    console.log(`${label} ${version}, ${how}, in ${((performance.now() - since) / 1000).toFixed(1)} s`);
    project.provide(name, { url, version, how, restricted: await broker.restricted?.() });
    return broker;
  } catch (error) {
    withoutServer(project, name, { missing: `${label} did not start: ${String(error)}`, broken: true });
    return undefined;
  }
}

function withoutServer(project: TestProject, name: BrokerName, reason: NoServer): void {
  console.warn(reason.missing);
  project.provide(name, reason);
}

/** Starts the servers that a run needs, side by side, once. Never throws, because that would stop every project. */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  const { shared, all } = needsOf(project);
  const failure = await provision(all.map((name) => brokers[name])).then(() => undefined, String);
  const starting = all.map(async (name) => {
    const way = await brokers[name].find();
    if (way.by !== "none") return shared.includes(name) ? startShared(project, name) : undefined;
    const broken = failure !== undefined && way.packages.length > 0;
    withoutServer(project, name, { missing: broken ? `${way.reason} ${failure}` : way.reason, broken });
    return undefined;
  });
  const started = await Promise.all(starting);
  return async () => {
    await Promise.all(started.map(async (broker) => broker?.stop()));
  };
}
