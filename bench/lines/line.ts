import type { Contender } from "../contender.ts";
import type { Requirement } from "../requirement.ts";

/** The results of one run of a line, by the name of the figure. */
export type Figures = Readonly<Record<string, number>>;

/** One measured number of a line, and what is required of it. */
export interface Figure extends Requirement {
  readonly name: string;
  readonly title: string;
  readonly unit: "/s" | "ms" | "MiB" | "µs";
  readonly better: "more" | "less";
  /** The largest allowed value of ours, in the figure's unit. */
  readonly most?: number;
}

/** A workload that is measured, in a new process for each contender and round. */
export interface Line {
  readonly name: string;
  readonly figures: readonly Figure[];
  /** Whether the queue must be empty at the end, because every handled message was acked. */
  readonly empties: boolean;
  /** Measured only once and only for ours, because a round takes minutes. */
  readonly once?: boolean;
  run(contender: Contender, scale: number): Promise<Figures>;
}
