import type { Backend } from "./contender.ts";

const loaders: Readonly<Record<string, () => Promise<Backend>>> = {
  kafka: async () => (await import("./kafka/backend.ts")).kafka,
  rabbitmq: async () => (await import("./rabbitmq/backend.ts")).rabbitmq,
  redis: async () => (await import("./redis/backend.ts")).redis,
  memory: async () => (await import("./memory/backend.ts")).memory,
};

export const backendNames: readonly string[] = Object.keys(loaders);

/** The backend of that name. */
export async function backendOf(name: string): Promise<Backend> {
  const load = Object.hasOwn(loaders, name) ? loaders[name] : undefined;
  if (load === undefined) throw new TypeError(`no backend "${name}": ${backendNames.join(", ")}`);
  return load();
}
