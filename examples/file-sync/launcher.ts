import type { Emit, Settings } from "./service.ts";

export type ServiceName = "watcher" | "indexer" | "notifier" | "worker";

/** A service that is running. */
export interface RunningService {
  /** Stops it gracefully. */
  stop(): Promise<void>;
  /** A text about the effect of a crash on the service. */
  readonly crashText: string;
  /** Ends it abruptly. */
  crash(): Promise<void>;
}

/** The settings that a service needs to start. */
export interface LaunchOptions {
  readonly settings: Settings;
  readonly emit: Emit;
  /** Called when the service ends on its own. */
  readonly onFailure: (reason: string) => void;
  /** Aborts a start in progress. */
  readonly signal: AbortSignal;
}

/** Starts services: all in this process, or each in its own. Their code is the same. */
export interface Launcher {
  /** For the title. */
  readonly description: string;
  /** Resolves when the service is ready. */
  start(service: ServiceName, options: LaunchOptions): Promise<RunningService>;
}
