import type { Stage } from "./stage.ts";

/** What happens to a broker and its users, and what must come of it: nothing is lost, and everything goes on. */
export interface Scenario {
  readonly title: string;
  /** How many messages it takes in each form of the run; one without a short form is in the full one only. */
  readonly messages: { readonly short?: number; readonly full: number };
  /** Whether the server itself is unharmed, so that others may use it meanwhile. */
  readonly sparesServer?: true;
  /** What the server must have for it. */
  readonly needs?: "alarm";
  /** The number of the message that kills its consumer. */
  readonly kills?: number;
  /** One message in so many fails until it is dead. */
  readonly hopeless?: number;
  /** How many keys the messages have; those of one key must be handled in their order. */
  readonly keys?: number;
  /**
   * Does it. When it returns every send but the last ones has been confirmed, somebody consumes, and what was hurt works
   * again: then the last ones are sent, and everything is checked, by `Stage.finish`.
   */
  play(stage: Stage): Promise<void>;
}
