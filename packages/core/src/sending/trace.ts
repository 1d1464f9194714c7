import type { Propagation } from "../api/connecting.ts";
import { textOf } from "../base/errors.ts";
import { emitWarning } from "../base/log.ts";
import type { Limits } from "../contract/capabilities.ts";
import { checkHeaders, OWN_PREFIX } from "../contract/headers.ts";

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
    const entries = Object.entries(headers);
    const traced = Object.fromEntries(entries.filter(([name]) => !name.startsWith(OWN_PREFIX)));
    try {
      propagation.inject?.(traced);
      const own = entries.filter(([name]) => name.startsWith(OWN_PREFIX));
      return { ...checkHeaders(traced, limits()), ...Object.fromEntries(own) };
    } catch (error) {
      if (!warned) emitWarning(`trace headers were dropped: ${textOf(error)}`, error);
      warned = true;
      return headers;
    }
  };
}
