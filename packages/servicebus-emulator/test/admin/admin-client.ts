import { ServiceBusAdministrationClient } from "@azure/service-bus";

/** An administration client of the unmodified SDK. It knows https only, so a policy makes http of it. */
export function adminClientFor(connectionString: string): ServiceBusAdministrationClient {
  const client = new ServiceBusAdministrationClient(connectionString, { retryOptions: { maxRetries: 0 } });
  client.pipeline.addPolicy({
    name: "http",
    sendRequest: (request, next) => {
      request.url = request.url.replace(/^https:/, "http:");
      request.allowInsecureConnection = true;
      return next(request);
    },
  });
  return client;
}

/** What a client gets as an error. */
export interface Refusal {
  readonly status: number | undefined;
  readonly code: string | undefined;
  readonly message: string;
}

/** The error that a request ends with. */
export async function refusalOf(request: Promise<unknown>): Promise<Refusal> {
  const error = await request.then(
    () => {
      throw new Error("the request was not refused");
    },
    (reason: Error & { readonly statusCode?: number; readonly code?: string }) => reason,
  );
  return { status: error.statusCode, code: error.code, message: error.message };
}
