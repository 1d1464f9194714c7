/**
 * A property that a scenario needs and some servers or clients lack.
 * - `alarm`: the server has a state in which it accepts no messages.
 * - `durability`: what the server has confirmed outlives its kill.
 * - `impatience`: the client can be told to notice a silent server within seconds.
 */
export type Need = "alarm" | "durability" | "impatience";

/** The load of a scenario, and its needs. */
export interface Workload {
  readonly title: string;
  /** The number of messages in each form of the run. Without `short` the scenario runs only in the full form. */
  readonly messages: { readonly short?: number; readonly full: number };
  /** Whether the server itself is not harmed, so that other scenarios can use it at the same time. */
  readonly sparesServer?: true;
  readonly needs?: Need;
  /** The number of the message that kills the process of its consumer. */
  readonly kills?: number;
  /** One message in this many always fails, until it is dead-lettered. */
  readonly failsAlways?: number;
  /** The number of keys of the messages. The messages of one key must be handled in order. */
  readonly keys?: number;
}
