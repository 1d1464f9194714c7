import { parseIsoDuration } from "../filters/iso-duration.ts";

// 2^63 - 1 ticks of 100 ns: what the service writes for "never".
const NEVER = "P10675199DT2H48M5.4775807S";
// Some clients lose the last digits of it, so everything from this second on is "never".
const NEVER_FROM_MS = 922_337_203_685_000;

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** Reads a duration of ISO 8601 as ms; `Infinity` is never. Returns `undefined` for what is none, and for negative ones. */
export function parseDuration(text: string): number | undefined {
  const milliseconds = parseIsoDuration(text);
  if (milliseconds === undefined || milliseconds < 0) return undefined;
  return milliseconds >= NEVER_FROM_MS ? Number.POSITIVE_INFINITY : milliseconds;
}

/** Writes a duration in ms as the service does: `PT1M30S`. */
export function formatDuration(milliseconds: number): string {
  if (milliseconds >= NEVER_FROM_MS) return NEVER;
  const days = Math.floor(milliseconds / DAY);
  const hours = Math.floor((milliseconds % DAY) / HOUR);
  const minutes = Math.floor((milliseconds % HOUR) / MINUTE);
  const seconds = (milliseconds % MINUTE) / SECOND;
  const time = [part(hours, "H"), part(minutes, "M"), part(seconds, "S")].join("");
  if (time === "") return days === 0 ? "PT0S" : `P${days}D`;
  return `P${part(days, "D")}T${time}`;
}

function part(amount: number, unit: string): string {
  return amount === 0 ? "" : `${amount}${unit}`;
}
