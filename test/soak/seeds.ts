import type { SoakBackend } from "./subject.ts";

/** The seeds of the short form. A seed that has found something stays, with a comment that says what. */
export const SEEDS: Readonly<Record<SoakBackend, readonly number[]>> = {
  rabbitmq: [1],
  redis: [1],
  kafka: [1],
  servicebus: [1],
};
