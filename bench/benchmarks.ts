import type { Benchmark } from "./contender.ts";

const loaders: Readonly<Record<string, () => Promise<Benchmark>>> = {
  kafka: async () => (await import("./kafka/benchmark.ts")).kafka,
  rabbitmq: async () => (await import("./rabbitmq/benchmark.ts")).rabbitmq,
  redis: async () => (await import("./redis/benchmark.ts")).redis,
  servicebus: async () => (await import("./servicebus/benchmark.ts")).servicebus,
  memory: async () => (await import("./memory/benchmark.ts")).memory,
};

export const backendNames: readonly string[] = Object.keys(loaders);

/** Loads the benchmark of a backend by its name. */
export async function benchmarkOf(name: string): Promise<Benchmark> {
  const load = Object.hasOwn(loaders, name) ? loaders[name] : undefined;
  if (load === undefined) throw new TypeError(`no backend "${name}"; known backends: ${backendNames.join(", ")}`);
  return load();
}
