/** Which broker an event or a log line is about. */
export interface BrokerIdentity {
  /** The `name` that was given to `connect`, or that of the target for `connectAll`; by default the same as `system`. */
  readonly name: string;
  /** The kind of broker, as its driver names it. */
  readonly system: string;
  /** The URL without any secret. */
  readonly address: string;
}
