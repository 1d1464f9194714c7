import { setImmediate } from "node:timers";
import type { Clock } from "@anybroker/core/driver";
import { Heap } from "../broker/heap.ts";

/** A clock that moves only when told. */
export interface ManualClock extends Clock {
  /**
   * Moves the clock by `ms` milliseconds, an integer from 0. Runs what comes due in the order of time. Lets promises
   * settle before each step and at the end, including handlers that wait only for promises. Calls wait for each other.
   * Throws a `TypeError` for any other `ms`.
   */
  advance(ms: number): Promise<void>;
  /**
   * Resolves when no handler runs and nothing is due, without moving the clock: what is due at its present time is done.
   * A retry or a delay that waits for a later time does not count. Do not await it in a handler.
   */
  idle(): Promise<void>;
}

/** After this many turns of the event loop, promises, flushes and deliveries count as settled. */
const TURNS = 10;

/**
 * Makes a clock for tests. Pass it to `connect(…, { clock })`: delays, retries, leases and timeouts then take no real
 * time.
 *
 * @param start The time at first: milliseconds since 1970 or a `Date`. @default the time of the call
 */
export function manualClock(start: number | Date = Date.now()): ManualClock {
  const timers = new Heap<{ readonly due: number; readonly seq: number; run: (() => void) | undefined }>(
    (one, other) => one.due < other.due || (one.due === other.due && one.seq < other.seq),
  );
  let now = Number(start);
  let seq = 0;
  /** How many handlers run, and how often that has changed. */
  let running = 0;
  let changes = 0;
  let onReturn: (() => void)[] = [];
  let lastMove: Promise<void> = Promise.resolve();

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

  const clock: ManualClock = {
    manual: true,
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
      if (!Number.isInteger(ms) || ms < 0) throw new TypeError(`advance: ${ms} is not an integer from 0`);
      const moved = lastMove.then(() => move(ms));
      lastMove = moved.catch(() => {});
      return moved;
    },
    async idle(): Promise<void> {
      for (let before = -1; before !== changes || running > 0; ) {
        if (running > 0) await new Promise<void>((resolve) => onReturn.push(resolve));
        before = changes;
        await clock.advance(0);
      }
    },
    handling(change: 1 | -1): void {
      running += change;
      changes += 1;
      if (running > 0) return;
      const waiting = onReturn;
      onReturn = [];
      for (const resolve of waiting) resolve();
    },
  };
  return clock;
}

async function settled(): Promise<void> {
  for (let turn = 0; turn < TURNS; turn += 1) await new Promise<void>((resolve) => setImmediate(resolve));
}
