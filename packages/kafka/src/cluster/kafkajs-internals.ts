// oxlint-disable-next-line typescript/triple-slash-reference -- an import would still be there when the program runs.
/// <reference path="./kafkajs-modules.d.ts" />
// The layer below kafkajs's own producer and consumer. Those retry without end, block on slow handlers, forget their
// position at each rebalance and fail a whole request for one partition. So the driver uses only kafkajs's codec,
// connections and authentication. kafkajs 2.2.4 is the last release, so its internals do not change either.
//
// The names of the modules are literal and whole, so that Node and every bundler find them.
import broker from "kafkajs/src/broker/index.js";
import connectionPool from "kafkajs/src/network/connectionPool.js";
import error from "kafkajs/src/protocol/error.js";
import compression from "kafkajs/src/protocol/message/compression/index.js";
import apiKeys from "kafkajs/src/protocol/requests/apiKeys.js";
import requests from "kafkajs/src/protocol/requests/index.js";

/** A request in kafkajs's terms: how to encode it, and how to decode the response. */
export interface Protocol {
  readonly response: {
    readonly decode: (data: Buffer) => Promise<unknown>;
    readonly parse: (data: unknown) => Promise<unknown>;
  };
}

/** One of the connections in a pool. */
export interface PoolConnection {
  readonly requestQueue: { scheduleCheckPendingRequests: () => void; readonly pending: readonly unknown[] };
}

export interface ConnectionPool {
  readonly pool: readonly PoolConnection[];
  getConnection(index: number): Promise<unknown>;
  send(request: Protocol): Promise<unknown>;
}

export interface Broker {
  readonly versions: Readonly<Record<number, { readonly maxVersion: number }>>;
  connect(): Promise<void>;
  lookupRequest(key: number, request: unknown): (fields: object) => Protocol;
}

/** A compression. */
interface Codec {
  readonly decompress: (data: Buffer) => Promise<Buffer>;
}

// The casts are true of kafkajs 2.2.4, the only version this package depends on.
export const KafkajsBroker: new (options: object) => Broker = broker as never;
export const KafkajsPool: new (options: object) => ConnectionPool = connectionPool as never;
/** The requests, by their names. */
export const REQUESTS: Readonly<Record<string, unknown>> = (requests as { readonly requests: typeof REQUESTS })
  .requests;
/** Kafka's numbers of the requests, by their names. */
export const API_KEYS: Readonly<Record<string, number>> = apiKeys as typeof API_KEYS;
/** Makes the error of one of Kafka's error codes. */
export const createErrorFromCode: (code: number) => Error = (error as { createErrorFromCode: (code: number) => Error })
  .createErrorFromCode;
/** Returns the compression with one of Kafka's numbers. Throws if kafkajs does not know it. */
export const lookupCodec: (codec: number) => Codec = (compression as { lookupCodec: (codec: number) => Codec })
  .lookupCodec;
