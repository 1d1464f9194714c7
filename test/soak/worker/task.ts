/** The settings of a worker. */
export interface Task {
  /** The life of the worker, such as `worker-1.3`. */
  readonly life: string;
  readonly url: string;
  /** The folder of the journals. */
  readonly folder: string;
  readonly concurrency: number;
  /** How long a silent consumer keeps what it holds, in ms. */
  readonly lease: number;
}

/** Messages from the driver to a worker. A worker whose driver is gone closes too. */
export type Order = "pause" | "resume" | "close";

/** Messages from a worker to the driver: that it consumes, and then again and again how many runs it has begun. */
export type Reply = "consuming" | number;
