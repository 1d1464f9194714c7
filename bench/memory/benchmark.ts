import type { Benchmark } from "../contender.ts";

/** The core alone, on the embedded broker: no network and no comparison, to find out what takes time. */
export const memory: Benchmark = {
  client: undefined,
  contenders: { ours: async () => (await import("./ours.ts")).open },
  start: async () => ({ url: "memory:bench", version: "memory", stop: async () => undefined }),
  clean: async () => undefined,
};
