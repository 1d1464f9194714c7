import type { Message } from "../api/message.ts";
import { textOf } from "../base/errors.ts";

/** Takes an error that no promise reports. */
export type ReportError = (error: unknown, message?: Message) => void;

/** Gives errors to `onError`. Without one, the first error becomes a process warning. */
export function errorReporter(
  onError: ((error: unknown, message: Message | undefined) => void) | undefined,
  consumer: string,
): ReportError {
  let warned = false;
  const warn = (error: unknown, hint: string): void => {
    if (warned) return;
    warned = true;
    process.emitWarning(`${consumer}: ${textOf(error)} (${hint})`, { type: "AnybrokerWarning" });
  };
  return (error, message) => {
    if (onError === undefined) return warn(error, "pass onError to be told of this and of all later ones");
    try {
      onError(error, message);
    } catch (thrown) {
      warn(thrown, "thrown by onError itself");
    }
  };
}
