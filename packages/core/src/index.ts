export type * from "./api/broker.ts";
export type * from "./api/connecting.ts";
export type * from "./api/consuming.ts";
export type * from "./api/dead-letters.ts";
export { DEFAULTS } from "./api/defaults.ts";
export type * from "./api/destinations.ts";
export type {
  DeliverEvent,
  DeliveredMessage,
  DriftEvent,
  GiveUpEvent,
  ReconnectEvent,
  SendEvent,
  SettleEvent,
  UnroutedEvent,
} from "./api/diagnostics.ts";
export type * from "./api/message.ts";
export type * from "./api/sending.ts";
export type { BrokerIdentity } from "./base/broker-identity.ts";
export type { Clock } from "./base/clock.ts";
export { BrokerError, type BrokerErrorOptions, ERROR_CODES, type ErrorCode } from "./base/errors.ts";
export type { LogFields, Logger } from "./base/log.ts";
export { bytes, type Codec, json, text } from "./body/codec.ts";
export type { BodyOptions, OwnCodec } from "./body/format.ts";
export type { Jsonify } from "./body/jsonify.ts";
export type { SchemaIssue, SchemaResult, StandardSchema } from "./body/schema.ts";
export { ADAPTERS } from "./broker/adapters.ts";
export { type Connect, connect } from "./broker/connect.ts";
export { type Brokers, connectAll } from "./broker/connect-all.ts";
export {
  type Capabilities,
  type Declared,
  FEATURES,
  type Feature,
  type Limits,
  type Maybe,
  type Support,
  type Unsupported,
} from "./contract/capabilities.ts";
export type { Selection } from "./contract/dead-letters.ts";
export type { Adapter, Driver, TopologyMode } from "./contract/driver.ts";
export type { Drift } from "./contract/entities.ts";
export type { ServerInfo, Stats } from "./contract/link.ts";
