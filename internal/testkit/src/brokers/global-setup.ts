import { relative, sep } from "node:path";
import type { TestProject } from "vitest/node";
import { type BrokersGiven, brokers } from "./all.ts";
import type { TestBroker } from "./broker.ts";

const named = (name: string): name is keyof BrokersGiven => Object.hasOwn(brokers, name);

/** The backends whose projects have a test file in this run. */
function needed({ vitest, config }: TestProject): readonly (keyof BrokersGiven)[] {
  const paths = vitest.state.getPaths().map((path) => relative(config.root, path).split(sep));
  const inPackages = paths.filter(([top]) => top === "packages").map(([, name = ""]) => name);
  const inProjects = paths.some((path) => path.at(-1) === "is-there.ts") ? vitest.projects.map(({ name }) => name) : [];
  return [...new Set([...inPackages, ...inProjects])].filter(named);
}

async function give(project: TestProject, name: keyof BrokersGiven): Promise<TestBroker | undefined> {
  const { label, find, start } = brokers[name];
  const since = performance.now();
  const way = await find();
  if (way.by === "none") {
    console.warn(way.reason);
    project.provide(name, { missing: way.reason, broken: false });
    return undefined;
  }
  try {
    const broker = await start({});
    const { url, version, how } = broker;
    console.log(`${label} ${version}, ${how}, in ${((performance.now() - since) / 1000).toFixed(1)} s`);
    project.provide(name, { url, version, how, restricted: await broker.restricted?.() });
    return broker;
  } catch (error) {
    const missing = `${label} did not start (by ${way.by}): ${String(error)}`;
    console.error(missing);
    project.provide(name, { missing, broken: true });
    return undefined;
  }
}

/** Starts the servers that a run needs, side by side, once. Never throws, because that would stop every project. */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  const started = await Promise.all(needed(project).map((name) => give(project, name)));
  return async () => {
    await Promise.all(started.map(async (broker) => broker?.stop()));
  };
}
