import type { Propagation } from "../api/connecting.ts";
import { textOf } from "../base/errors.ts";
import type { Limits } from "../contract/capabilities.ts";
import { checkHeaders } from "../contract/headers.ts";

/**
 * Returns a function that adds the headers that `inject` sets. If `inject` throws, or its headers are not legal, the
 * message keeps its own headers, and the process emits one warning.
 */
export function traceInjector(
  propagation: Propagation | undefined,
  limits: () => Limits,
): (headers: Readonly<Record<string, string>>) => Readonly<Record<string, string>> {
  if (propagation?.inject === undefined) return (headers) => headers;
  let warned = false;
  return (headers) => {
    const traced: Record<string, string> = { ...headers };
    try {
      propagation.inject?.(traced);
      return checkHeaders(traced, limits());
    } catch (error) {
      if (!warned) process.emitWarning(`trace headers were dropped: ${textOf(error)}`, { type: "AnybrokerWarning" });
      warned = true;
      return headers;
    }
  };
}
