/** What is required of ours in one figure. */
export interface Requirement {
  /** The least ratio of ours to the baseline; for `less`, the largest ratio. */
  readonly floor?: { readonly plain?: number; readonly expert?: number };
  /** The largest allowed difference between ours and plain, in the figure's unit. */
  readonly above?: number;
}
