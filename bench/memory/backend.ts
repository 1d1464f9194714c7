import type { Backend } from "../contender.ts";

/** The core alone, over the embedded broker: no network, nothing to compare with, for finding what costs time. */
export const memory: Backend = {
  client: undefined,
  contenders: { ours: async () => (await import("./ours.ts")).open },
  start: async () => ({ url: "memory:bench", version: "memory", stop: async () => undefined }),
  clean: async () => undefined,
};
