export { ADAPTERS } from "./adapters.ts";
export type * from "./api.ts";
export {
  type Capabilities,
  type Declared,
  FEATURES,
  type Feature,
  type Limits,
  type Maybe,
  type Support,
  type Unsupported,
} from "./capabilities.ts";
export type { Clock } from "./clock.ts";
export { bytes, type Codec, json, text } from "./codec.ts";
export { type Connect, connect } from "./connect.ts";
export { type Brokers, connectAll } from "./connect-all.ts";
export { DEFAULTS } from "./defaults.ts";
export type { DeliverEvent, GiveUpEvent, ReconnectEvent, SendEvent, SettleEvent } from "./diagnostics.ts";
export type { Adapter, Drift, Driver, Selection, ServerInfo, Stats, TopologyMode } from "./driver/contract.ts";
export { BrokerError, type BrokerErrorOptions, ERROR_CODES, type ErrorCode } from "./errors.ts";
export type { SchemaIssue, SchemaResult, StandardSchema } from "./schema.ts";
