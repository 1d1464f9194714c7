/** The kinds of faults in a history. */
export const FINDING_KINDS = [
  /** A message was confirmed and then neither handled nor dead-lettered. */
  "lost",
  /** At the end something is not settled, although everything is up. */
  "stuck",
  /** A handler got a message before its delay or its backoff was over. */
  "early",
  /** On an ordered source a message overtook another one of its key. */
  "order",
  /** On an ordered source two handlers had messages of one key at the same time. */
  "overlap",
  /** An attempt is not 1 plus the failures of handlers. */
  "attempts",
  /** The dead letters are not exactly those that must be there. */
  "dead-letter",
  /** A send rejected with `outcomeUnknown: false`, and the server had the message. */
  "outcome",
  /** A send rejected although everything worked for long enough before its deadline. */
  "rejected",
  /** A message that killed its process was not bounded. */
  "crash-loop",
  /** A process or a consumer ended on its own, or something appeared that was never sent. */
  "unexpected",
] as const;

export type FindingKind = (typeof FINDING_KINDS)[number];

/** One violation of what is promised. */
export interface Finding {
  readonly kind: FindingKind;
  readonly text: string;
  readonly source?: string;
  /** The messages that it is about. */
  readonly messages?: readonly string[];
}
