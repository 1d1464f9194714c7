import { ServiceBusAdministrationClient } from "@azure/service-bus";

/** An administration client of the unmodified SDK. It speaks https only, so it has to trust the emulator's certificate. */
export function adminClientFor(connectionString: string, certificate: string): ServiceBusAdministrationClient {
  const retryOptions = { maxRetries: 0 };
  return new ServiceBusAdministrationClient(connectionString, { retryOptions, tlsOptions: { ca: certificate } });
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
