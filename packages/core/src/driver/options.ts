import { BrokerError } from "../errors.ts";

/**
 * What each option of an adapter may be: as `typeof` says it, a `Buffer`, or an integer from 1 (`count`) or 1000
 * (`milliseconds`) on.
 */
export type OptionKinds<Options> = Readonly<Record<keyof Options, readonly string[]>>;

/**
 * Throws `INVALID_CONFIG` for an option that does not exist or is of the wrong kind, naming it, and never a value that
 * may be secret. An option with `choices` must be one of those.
 */
export function checkOptions<Options extends object>(
  options: Options,
  kinds: OptionKinds<Options>,
  choices?: { readonly [Option in keyof Options]?: readonly string[] },
): void {
  const known = Object.keys(kinds);
  for (const [name, value] of Object.entries(options)) {
    if (!known.includes(name)) {
      throw invalid(`unknown option ${JSON.stringify(name)}; known ones: ${known.join(", ")}`);
    }
    // The cast is true: it is one of the known ones.
    const option = name as keyof Options;
    const among = choices?.[option];
    const allowed = among ?? kinds[option];
    const found = among === undefined ? kindsOf(value) : typeof value === "string" ? [value] : [];
    if (value !== undefined && !found.some((one) => allowed.includes(one))) {
      throw invalid(`the option ${name} must be ${allowed.join(" or ")}`);
    }
  }
}

function kindsOf(value: unknown): readonly string[] {
  if (Buffer.isBuffer(value)) return ["Buffer"];
  if (!Number.isSafeInteger(value) || Number(value) < 1) return [typeof value];
  return Number(value) >= 1_000 ? ["count", "milliseconds"] : ["count"];
}

function invalid(message: string): BrokerError {
  return new BrokerError("INVALID_CONFIG", message);
}
