import type { Settings, Tell } from "./service.ts";

export type ServiceName = "watcher" | "indexer" | "notifier" | "worker";

/** A service at work. */
export interface Member {
  /** Ends it in good order. */
  stop(): Promise<void>;
  /** What a crash does to it, in words. */
  readonly fate: string;
  /** Ends it in the middle of whatever it does. */
  crash(): Promise<void>;
}

/** What a service needs to begin. */
export interface Assignment {
  readonly settings: Settings;
  readonly tell: Tell;
  /** Called when it ends though nobody asked for it. */
  readonly broken: (reason: string) => void;
  /** Gives up a start that is under way. */
  readonly signal: AbortSignal;
}

/** How services run: all in this process, or each in one of its own. Their code is the same. */
export interface Crew {
  /** In words, for the title. */
  readonly how: string;
  /** Resolves when the service is at work. */
  start(service: ServiceName, assignment: Assignment): Promise<Member>;
}
