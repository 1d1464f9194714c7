import { LOG_LEVELS, Log, type Logger } from "../src/base/log.ts";

/** A logger that tells nobody. Without a logger there would be process warnings. */
export const quietLogger: Logger = { debug() {}, info() {}, warn() {}, error() {} };

/** A log whose lines, each behind its level, are added to the list. */
export function recordedLog(lines: string[] = []): Log {
  const methods = LOG_LEVELS.map((level) => [level, (text: string): void => void lines.push(`${level} ${text}`)]);
  // The cast is true: there is a method for each level.
  return new Log(Object.fromEntries(methods) as Logger, { name: "double", system: "double", address: "double:" });
}
