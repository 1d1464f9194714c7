import { setImmediate } from "node:timers";
import type { Clock } from "@anybroker/core/driver";
import { Heap } from "./broker/heap.ts";

/** A clock that stands still until it is moved. */
export interface ManualClock extends Clock {
  /**
   * Moves it by `ms` milliseconds (an integer from 0): runs what comes due in the order of time, and lets promises,
   * handlers that only wait for promises included, settle before each and at the end. Calls queue up behind each other.
   * Throws a `TypeError` for any other `ms`.
   */
  advance(ms: number): Promise<void>;
}

/** Turns of the event loop after which a chain of promises, flushes and hand-overs counts as settled. */
const TURNS = 10;

/**
 * A clock for tests: pass it to `connect(…, { clock })`, and delays, retries, leases and timeouts take no real time.
 *
 * @param start What it shows at first: milliseconds since 1970 or a `Date`. @default the time of the call
 */
export function manualClock(start: number | Date = Date.now()): ManualClock {
  const timers = new Heap<{ readonly due: number; readonly seq: number; run: (() => void) | undefined }>(
    (a, b) => a.due < b.due || (a.due === b.due && a.seq < b.seq),
  );
  let now = Number(start);
  let seq = 0;
  let tail: Promise<void> = Promise.resolve();

  const move = async (ms: number): Promise<void> => {
    const end = now + ms;
    await settled();
    for (let timer = timers.peek(); timer !== undefined && timer.due <= end; timer = timers.peek()) {
      timers.pop();
      if (timer.run === undefined) continue;
      now = Math.max(now, timer.due);
      timer.run();
      await settled();
    }
    now = end;
  };

  return {
    now: () => now,
    after(ms: number, run: () => void): () => void {
      seq += 1;
      const timer = { due: now + Math.max(0, ms), seq, run: run as (() => void) | undefined };
      timers.push(timer);
      return () => {
        timer.run = undefined;
      };
    },
    advance(ms: number): Promise<void> {
      if (!Number.isInteger(ms) || ms < 0) throw new TypeError(`advance: ${ms} is not a whole number from 0`);
      const moved = tail.then(() => move(ms));
      tail = moved.catch(() => {});
      return moved;
    },
  };
}

async function settled(): Promise<void> {
  for (let turn = 0; turn < TURNS; turn += 1) await new Promise<void>((resolve) => setImmediate(resolve));
}
