import type { Clock } from "../base/clock.ts";
import type { BrokerError, ErrorCode } from "../base/errors.ts";
import type { Log } from "../base/log.ts";

/** The shortest time between two lines that say that an outage lasts, and between two warnings of new ones, in ms. */
const INTERVAL = 60_000;

/** An outage of the connection, from the loss of a link to the next link. */
interface Outage {
  readonly since: number;
  /** Whether a process warning has told of it, so that another one has to tell of its end. */
  warned: boolean;
  attempts: number;
  toldAt: number;
  /** The code of the last failed attempt that was told. */
  toldCode: ErrorCode | undefined;
}

/**
 * Tells the log that the connection is lost, why the first attempt to reconnect failed, once a minute that it is still down, and
 * when it is back. Without a logger the same becomes process warnings, at most one a minute for new outages.
 */
export class OutageLog {
  readonly #log: Log;
  readonly #clock: Clock;
  readonly #address: string;
  #outage: Outage | undefined;
  #warnedAt = Number.NEGATIVE_INFINITY;
  /** How many outages no warning has told of. */
  #notWarned = 0;

  constructor(log: Log, clock: Clock, address: string) {
    this.#log = log;
    this.#clock = clock;
    this.#address = address;
  }

  /** The link was lost. */
  lost(error: BrokerError): void {
    const now = this.#clock.now();
    const warned = now - this.#warnedAt >= INTERVAL;
    this.#outage = { since: now, warned, attempts: 0, toldAt: now, toldCode: undefined };
    this.#log.warn(error.message, { error });
    if (!warned) {
      this.#notWarned += 1;
      return;
    }
    const more = this.#notWarned === 0 ? "" : `, and ${this.#notWarned} more times before`;
    this.#notWarned = 0;
    this.#warnedAt = now;
    this.#log.alarmWithoutLogger(
      `${error.message}${more}; reconnecting (pass a logger to connect to follow this)`,
      error,
    );
  }

  /** An attempt to reconnect failed. */
  failed(error: BrokerError): void {
    const outage = this.#outage;
    if (outage === undefined) return;
    const now = this.#clock.now();
    outage.attempts += 1;
    const isLong = now - outage.toldAt >= INTERVAL;
    if (!isLong && outage.toldCode === error.code) return;
    const lasts = isLong
      ? `still not connected after ${seconds(now - outage.since)} and ${outage.attempts} attempts: `
      : "";
    outage.toldAt = now;
    outage.toldCode = error.code;
    this.#log.warn(lasts + error.message, { error });
    if (!isLong) return;
    outage.warned = true;
    this.#log.alarmWithoutLogger(lasts + error.message, error);
  }

  /** A link to this server is up: the first one, or the end of an outage. */
  up(server: string): void {
    const outage = this.#outage;
    this.#outage = undefined;
    if (outage === undefined) return this.#log.info(`connected to ${this.#address}: ${server}`);
    const after = seconds(this.#clock.now() - outage.since);
    const text = `connected again to ${this.#address} after ${after}: ${server}`;
    this.#log.info(text);
    if (outage.warned) this.#log.alarmWithoutLogger(text);
  }
}

function seconds(time: number): string {
  return `${(time / 1_000).toFixed(time < 10_000 ? 1 : 0)} s`;
}
