import type { Contender } from "../contender.ts";

/** What one run of a line found, by the name of the figure. */
export type Figures = Readonly<Record<string, number>>;

/** How a figure is read. */
export interface Figure {
  readonly name: string;
  readonly title: string;
  readonly unit: "/s" | "ms" | "MiB" | "µs";
  readonly better: "more" | "less";
  /** The least that ours must reach, as a share of the baseline (for `less`: the most). */
  readonly floor?: { readonly plain?: number; readonly expert?: number };
  /** The most that ours may be above plain, in the figure's unit. */
  readonly above?: number;
  /** The most that ours may be, in the figure's unit. */
  readonly most?: number;
}

/** One thing that is measured, in a process of its own for each contender and round. */
export interface Line {
  readonly name: string;
  readonly figures: readonly Figure[];
  /** Whether the queue must be empty at the end: everything handled was acked. */
  readonly empties: boolean;
  /** Measured once and of ours alone, where a round would cost minutes. */
  readonly once?: boolean;
  run(contender: Contender, scale: number): Promise<Figures>;
}
