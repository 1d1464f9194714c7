const SEED = 0x9747b28c;
const MULTIPLIER = 0x5bd1e995;

/** The partition of a key. It is the one that Kafka's own clients choose. */
export function partitionOf(key: Buffer | string, partitions: number): number {
  return (murmur2(typeof key === "string" ? Buffer.from(key) : key) & 0x7fffffff) % partitions;
}

/** MurmurHash2, as Kafka's Java client computes it. */
function murmur2(data: Buffer): number {
  const { length } = data;
  const end = length & ~3;
  let hash = SEED ^ length;
  for (let at = 0; at < end; at += 4) {
    let word = Math.imul(data.readInt32LE(at), MULTIPLIER);
    word = Math.imul(word ^ (word >>> 24), MULTIPLIER);
    hash = Math.imul(hash, MULTIPLIER) ^ word;
  }
  for (let at = length - 1; at >= end; at -= 1) hash ^= (data[at] ?? 0) << ((at - end) * 8);
  if (end < length) hash = Math.imul(hash, MULTIPLIER);
  hash = Math.imul(hash ^ (hash >>> 13), MULTIPLIER);
  return hash ^ (hash >>> 15);
}
