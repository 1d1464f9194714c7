import type { Broker } from "../api/broker.ts";
import type { ConnectConfig, ConnectOptions } from "../api/connecting.ts";
import type { Driver } from "../contract/driver.ts";
import { type Connect, connect } from "./connect.ts";

/** Several named brokers that close as one. */
export interface Brokers<K extends string> extends AsyncDisposable {
  readonly brokers: Readonly<Record<K, Broker>>;
  close(options?: { readonly drainTimeout?: number }): Promise<void>;
}

/** Connects to several brokers at once. When one of them cannot be reached the others are closed again. */
export async function connectAll<K extends string>(
  targets: Readonly<Record<K, string | ConnectConfig | Driver>>,
  options: ConnectOptions = {},
): Promise<Brokers<K>> {
  // The casts are true: Object.keys of a record with keys K gives these keys.
  const names = Object.keys(targets) as K[];
  const connectAny = connect as (
    target: string | ConnectConfig | Driver,
    options: ConnectOptions,
  ) => ReturnType<Connect>;
  const results = await Promise.allSettled(names.map((name) => connectAny(targets[name], options)));
  const open = results.filter((result) => result.status === "fulfilled").map((result) => result.value);
  const failed = results.find((result) => result.status === "rejected");
  if (failed !== undefined) {
    await Promise.all(open.map((broker) => broker.close()));
    throw failed.reason;
  }
  const close = async (closing: { readonly drainTimeout?: number } = {}): Promise<void> => {
    await Promise.all(open.map((broker) => broker.close(closing)));
  };
  const brokers = Object.fromEntries(names.map((name, index) => [name, open[index]])) as Record<K, Broker>;
  return { brokers, close, [Symbol.asyncDispose]: () => close() };
}
