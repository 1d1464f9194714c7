import type { ServicebusDelivery } from "../wire.ts";

/** What a reader tells its source. */
export interface ReaderEvents {
  message(delivery: ServicebusDelivery): void;
  /** The service has taken back the session of these. */
  lost(deliveries: readonly ServicebusDelivery[]): void;
  /** The reader can receive nothing any more. */
  ended(reason: unknown): void;
}

/** Receives the messages of one queue or subscription. Credit is given for a message when the one before is settled. */
export interface Reader {
  /** Receives again. */
  start(signal: AbortSignal): Promise<void>;
  /** Receives nothing more. What is held stays held, unless `returned` says that it went back. */
  pause(signal: AbortSignal): Promise<void>;
  extend(deliveries: readonly ServicebusDelivery[]): Promise<readonly (number | undefined)[]>;
  /** Receives nothing more. Resolves when nothing is on its way any more. Never rejects. */
  stop(): Promise<void>;
  /** Closes the links. Call it when nothing is held any more. */
  close(): Promise<void>;
}
