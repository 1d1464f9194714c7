import type { Message } from "../api/message.ts";
import { textOf } from "../base/errors.ts";

/** Reports an error that no promise reports. */
export type ReportError = (error: unknown, message?: Message) => void;

/** Passes errors to `onError`. Without it, the first error becomes a process warning. */
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
    if (onError === undefined) return warn(error, "pass onError to get this and all later errors");
    try {
      onError(error, message);
    } catch (thrown) {
      warn(thrown, "thrown by onError itself");
    }
  };
}
