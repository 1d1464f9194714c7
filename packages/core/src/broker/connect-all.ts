import type { Broker } from "../api/broker.ts";
import type { ConnectConfig, ConnectOptions } from "../api/connecting.ts";
import type { Driver } from "../contract/driver.ts";
import { type Connect, connect } from "./connect.ts";

/** Several broker objects that close together. */
export interface Brokers<K extends string> extends AsyncDisposable {
  /** The broker objects, by the names of their targets. */
  readonly brokers: Readonly<Record<K, Broker>>;
  /** Closes all of them, as `close` of each broker object does. */
  close(options?: { readonly drainTimeout?: number | undefined }): Promise<void>;
}

/** Connects to several brokers. If one of the connections fails, it closes the others and rejects with that error. */
export async function connectAll<K extends string>(
  targets: Readonly<Record<K, string | ConnectConfig | Driver>>,
  options: ConnectOptions = {},
): Promise<Brokers<K>> {
  // The casts are true: the keys of the record are of type K.
  const names = Object.keys(targets) as K[];
  const connectAny = connect as (
    target: string | ConnectConfig | Driver,
    options: ConnectOptions,
  ) => ReturnType<Connect>;
  const results = await Promise.allSettled(names.map((name) => connectAny(targets[name], { name, ...options })));
  const open = results.filter((result) => result.status === "fulfilled").map((result) => result.value);
  const failed = results.find((result) => result.status === "rejected");
  if (failed !== undefined) {
    await Promise.all(open.map((broker) => broker.close()));
    throw failed.reason;
  }
  const close = async (closing: { readonly drainTimeout?: number | undefined } = {}): Promise<void> => {
    await Promise.all(open.map((broker) => broker.close(closing)));
  };
  const brokers = Object.fromEntries(names.map((name, index) => [name, open[index]])) as Record<K, Broker>;
  const dispose = async (): Promise<void> => {
    await Promise.all(open.map((broker) => broker[Symbol.asyncDispose]()));
  };
  return { brokers, close, [Symbol.asyncDispose]: dispose };
}
