/** A request to the administration API. */
export interface AdminRequest {
  readonly scheme: "http" | "https";
  readonly method: string;
  /** Path and query, as they were sent. */
  readonly target: string;
  /** By the lower-cased names. */
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly body: string;
}

/** The response to a request. */
export interface AdminResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}
