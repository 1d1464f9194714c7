/** The text of a decoded value. What is neither text nor bytes, a number or a boolean has none. */
export function textOf(value: unknown): string | undefined {
  if (typeof value === "string") return value;
  if (Buffer.isBuffer(value)) return value.toString();
  if (typeof value === "number" || typeof value === "boolean") return `${value}`;
  return undefined;
}
