import { type Journal, now } from "./journal.ts";

/** How often the event loop is looked at, and from which delay on it is recorded, in ms. */
const EVERY = 100;
const LATE = 300;

/** Records when the event loop of this process stands still. Returns a function that ends that. */
export function watchLateness(journal: Journal): () => void {
  let last = now();
  const timer = setInterval(() => {
    const ms = now() - last - EVERY;
    if (ms > LATE) journal.write({ type: "late", ms });
    last = now();
  }, EVERY);
  return () => clearInterval(timer);
}
