// @anybroker/core/driver: the contract between core and driver, and the kit that drivers share.
export { Bag, type Slotted } from "./base/bag.ts";
export type { Clock } from "./base/clock.ts";
export { BrokerError, type Classification, type ErrorCode, reasonOf } from "./base/errors.ts";
export { openWithin } from "./base/open-within.ts";
export { orAborted } from "./base/wait.ts";
export { connectFor } from "./broker/connect.ts";
export type { Capabilities, Declared, Feature, Limits, Maybe, Refinement, Support } from "./contract/capabilities.ts";
export { FEATURES } from "./contract/capabilities.ts";
export * from "./contract/dead-letters.ts";
export * from "./contract/driver.ts";
export * from "./contract/entities.ts";
export { NO_HEADERS, OWN, OWN_PREFIX } from "./contract/headers.ts";
export * from "./contract/link.ts";
export * from "./contract/message.ts";
export { readCount, readDate, readTime } from "./contract/own-headers.ts";
export * from "./contract/settlement.ts";
export * from "./contract/source.ts";
export { adapterOf } from "./driver-kit/adapter.ts";
export { BackgroundAcks } from "./driver-kit/background-acks.ts";
export { bufferOf } from "./driver-kit/bytes.ts";
export { changeHeaders } from "./driver-kit/changes.ts";
export { classifier, codeOf, type ErrorRow } from "./driver-kit/classifier.ts";
export { type ConnectAttempt, explainConnectFailure } from "./driver-kit/connect-failure.ts";
export { type CopyThenSettle, copyThenSettle } from "./driver-kit/copy-then-settle.ts";
export { CREDENTIAL_KINDS, type CredentialOptions, passwordOf, usernameOf } from "./driver-kit/credentials.ts";
export { Ending } from "./driver-kit/ending.ts";
export {
  closed,
  forbidden,
  invalidConfig,
  LEASE_LOST,
  notFound,
  refused,
  rejected,
  unauthorized,
  unavailable,
  unsupported,
} from "./driver-kit/failures.ts";
export { filterText, readFilterText } from "./driver-kit/filter-text.ts";
export { bytesAsText, HeaderCollector } from "./driver-kit/header-text.ts";
export { heartbeatOf } from "./driver-kit/heartbeat.ts";
export { connectToAny } from "./driver-kit/hosts.ts";
export { type Inspect, type InspectedDeadLetters, inspectedDeadLetters } from "./driver-kit/inspected-dead-letters.ts";
export { DELAY_STEPS, stepAbove, stepBelow } from "./driver-kit/ladder.ts";
export { LeaseBook, type LeasedDelivery } from "./driver-kit/lease-book.ts";
export {
  checkNaming,
  deadLettersName,
  delayStepName,
  Naming,
  type NamingOptions,
  retryStepName,
} from "./driver-kit/naming.ts";
export { checkOptionNames } from "./driver-kit/option-names.ts";
export { type OptionKind, type OptionKinds, readOptions } from "./driver-kit/options.ts";
export { PromiseCache } from "./driver-kit/promise-cache.ts";
export { PushBuffer } from "./driver-kit/push-buffer.ts";
export { TLS_KINDS, type TlsOptions, tlsOf } from "./driver-kit/tls-options.ts";
export { Turns } from "./driver-kit/turns.ts";
export { type Address, formatAddress, type Host, type ParameterTypes, parseUrl } from "./driver-kit/url.ts";
