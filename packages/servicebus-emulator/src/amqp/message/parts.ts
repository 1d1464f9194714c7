/** The header fields that a sender sets. */
export interface Header {
  readonly durable: boolean;
  readonly priority: number;
  /** In ms. */
  readonly timeToLive: number | undefined;
}

/** Keys and values, encoded one after the other. */
export interface EncodedMap {
  readonly bytes: Buffer;
  /** Keys and values count separately. */
  readonly count: number;
}

/** The sections of a message, encoded. */
export interface Parts {
  readonly messageId: string;
  readonly sessionId: string | undefined;
  readonly scheduledAt: number | undefined;
  readonly header: Header;
  readonly deliveryAnnotations: EncodedMap;
  readonly annotations: EncodedMap;
  readonly properties: Buffer;
  readonly applicationProperties: Buffer | undefined;
  readonly body: Buffer;
}
