import { randomFrom } from "@anybroker-internal/testkit/random";
import type { Event, Fact, History, Step } from "../history/event.ts";
import { Drafts } from "../workload/draft.ts";
import { POLICY, REFUSED, SOURCES, WAITS } from "../workload/sources.ts";

const PLAIN: Step = { work: 0, fails: 0, by: "throw" };
const WORKERS = ["worker-1", "worker-2", "worker-3"] as const;

/** The history of a soak of random messages in which everything goes as it must and nothing is disturbed. */
export function simulatedHistory(seed: number, messages: number): History {
  const random = randomFrom(seed);
  const drafts = new Drafts(random);
  const events: Event[] = [];
  const keyFree = new Map<string, number>();
  let runs = 0;
  const add = (at: number, by: string, fact: Fact): void => void events.push({ at, by, ...fact });

  /** Handles a message until it is settled. Returns when that is. */
  const handle = (message: string, source: string, from: number, { work, fails, by, delay }: Step): number => {
    let at = from;
    for (let attempt = 1; ; attempt += 1) {
      const life = `${WORKERS[Math.floor(random() * WORKERS.length)]}.1`;
      runs += 1;
      const run = `${life}#${runs}`;
      add(at, life, { type: "begin", run, message, source, attempt });
      at += 0.5 + work;
      if (attempt > fails) {
        add(at, life, { type: "done", run });
        return at;
      }
      if (by === "deadLetter") {
        add(at, life, { type: "refused", run });
        add(1e9, "driver", { type: "dead", source, message, reason: REFUSED, attempts: attempt });
        return at;
      }
      add(at, life, { type: "failed", run, ...(delay !== undefined && { delay }) });
      if (attempt === POLICY.attempts) {
        add(1e9, "driver", { type: "dead", source, message, reason: "attempts-exhausted", attempts: attempt });
        return at;
      }
      at += delay ?? WAITS[attempt - 1] ?? 0;
    }
  };

  for (let number = 1; number <= messages; number += 1) {
    const { to, key, delay = 0, steps = {} } = drafts.next();
    const message = `m${number}`;
    const called = number * 10;
    const options = { ...(key !== undefined && { key }), ...(delay > 0 && { delay }) };
    add(called, "driver", { type: "send", message, to: to.name, steps, ...options });
    add(called + 1, "driver", { type: "confirmed", message });
    for (const { name, ordered } of SOURCES.filter((source) => source.to === to.name)) {
      const lane = `${name} ${key}`;
      const from = Math.max(called + 2 + delay, ordered ? (keyFree.get(lane) ?? 0) : 0);
      const free = handle(message, name, from, steps[name] ?? PLAIN);
      if (ordered) keyFree.set(lane, free + 0.1);
    }
  }
  for (const { name } of SOURCES) add(1e9, "driver", { type: "left", source: name, ready: 0, delayed: 0, inFlight: 0 });
  return {
    setup: {
      title: "simulated",
      command: "",
      seed,
      sources: SOURCES,
      workers: WORKERS,
      attempts: POLICY.attempts,
      waits: WAITS,
      lease: 3_000,
      keepsProgress: false,
      rebalances: false,
      delayedKeepKeys: true,
    },
    events: events.sort((one, other) => one.at - other.at),
  };
}
