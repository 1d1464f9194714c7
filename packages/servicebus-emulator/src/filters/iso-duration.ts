const DURATION = /^(-)?P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+(?:\.\d+)?)S)?)?$/;

/**
 * Reads a duration of ISO 8601 in days, hours, minutes and seconds, as ms. Years and months have no fixed length, so
 * they are not read. Returns `undefined` for what is no duration.
 */
export function parseIsoDuration(text: string): number | undefined {
  const parts = DURATION.exec(text);
  if (parts === null || text.endsWith("P") || text.endsWith("T")) return undefined;
  const [, sign, days = "0", hours = "0", minutes = "0", seconds = "0"] = parts;
  const whole = ((Number(days) * 24 + Number(hours)) * 60 + Number(minutes)) * 60;
  const milliseconds = whole * 1000 + Math.round(Number(seconds) * 1000);
  return sign === undefined ? milliseconds : -milliseconds;
}
