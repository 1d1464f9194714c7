/** Decides which partitions a source reads. */
export interface Assignment {
  /** Begins to read. */
  start(signal: AbortSignal): Promise<void>;
  /** Is called when a topic has got partitions. */
  partitionsAdded(signal: AbortSignal): Promise<void>;
  /** Gives all partitions up cleanly. Never rejects. */
  leave(signal: AbortSignal): Promise<void>;
  /** Is called when the source ends without having left. */
  abandon(): void;
}
