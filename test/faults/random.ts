/** A generator of numbers from 0 to below 1, the same for the same seed (mulberry32). */
export function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** The seed from `ANYBROKER_FAULTS_SEED`, to repeat a run, or a new one. */
export const seed: number = Number(process.env.ANYBROKER_FAULTS_SEED ?? Math.floor(Math.random() * 2 ** 31));
