const SEED = 0x9747b28c;
const M = 0x5bd1e995;

/** The partition of a key, as Kafka's own clients choose it. */
export function partitionOf(key: Buffer | string, partitions: number): number {
  return (murmur2(typeof key === "string" ? Buffer.from(key) : key) & 0x7fffffff) % partitions;
}

/** The hash of Kafka's Java client. */
function murmur2(data: Buffer): number {
  const { length } = data;
  const end = length & ~3;
  let hash = SEED ^ length;
  for (let at = 0; at < end; at += 4) {
    let part = Math.imul(data.readInt32LE(at), M);
    part = Math.imul(part ^ (part >>> 24), M);
    hash = Math.imul(hash, M) ^ part;
  }
  for (let at = length - 1; at >= end; at -= 1) hash ^= (data[at] ?? 0) << ((at - end) * 8);
  if (end < length) hash = Math.imul(hash, M);
  hash = Math.imul(hash ^ (hash >>> 13), M);
  return hash ^ (hash >>> 15);
}
