import type { Bag, Slotted } from "./bag.ts";
import type { Clock } from "./clock.ts";

/** An item with a deadline. */
export interface Due extends Slotted {
  /** Milliseconds since 1970. */
  readonly deadline: number;
}

/**
 * Calls `expire` for each item of the bag whose deadline has passed. One timer serves all items. Call `watch` with the
 * deadline of each item that is added.
 */
export function deadlineWatch<T extends Due>(
  clock: Clock,
  bag: Bag<T>,
  expire: (item: T) => void,
): { watch(deadline: number): void; stop(): void } {
  let armedFor = Number.POSITIVE_INFINITY;
  let cancel = (): void => {};
  const watch = (deadline: number): void => {
    if (deadline >= armedFor) return;
    cancel();
    armedFor = deadline;
    cancel = clock.after(Math.max(1, deadline - clock.now()), sweep);
  };
  const sweep = (): void => {
    armedFor = Number.POSITIVE_INFINITY;
    const now = clock.now();
    const items = bag.all();
    const next = items.reduce(
      (least, { deadline }) => (deadline > now && deadline < least ? deadline : least),
      armedFor,
    );
    if (next !== armedFor) watch(next);
    for (const item of items) if (item.deadline <= now) expire(item);
  };
  return { watch, stop: () => cancel() };
}
