import type { Message } from "../api/message.ts";
import { textOf } from "../base/errors.ts";

/** Where errors go that no promise reports. */
export type Report = (error: unknown, message?: Message) => void;

/** Gives errors to `onError`; without one, the first becomes a process warning. */
export function reporter(
  onError: ((error: unknown, message: Message | undefined) => void) | undefined,
  who: string,
): Report {
  let warned = false;
  const warn = (error: unknown, hint: string): void => {
    if (warned) return;
    warned = true;
    process.emitWarning(`${who}: ${textOf(error)} (${hint})`, { type: "AnybrokerWarning" });
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
