/** What a connection string of Service Bus says. */
export interface ConnectionString {
  readonly host: string;
  /** `undefined` where the protocol's own port is meant. */
  readonly port: number | undefined;
  readonly keyName: string | undefined;
  readonly key: string | undefined;
  readonly signature: string | undefined;
  readonly entityPath: string | undefined;
  /** Whether connections are made without TLS, as to an emulator. */
  readonly useDevelopmentEmulator: boolean;
}

/** Thrown when a connection string is not valid. Its message has no secret in it. */
export class ConnectionStringError extends Error {
  override readonly name = "ConnectionStringError";
}

/** The name of the key that a namespace begins with. */
export const ROOT_KEY_NAME = "RootManageSharedAccessKey";

/** The key that the connection string of Microsoft's emulator has. */
export const EMULATOR_KEY = "SAS_KEY_VALUE";

/**
 * Reads a connection string. Names of parts match in any letter case; parts that the emulator does not know are
 * allowed, since SDKs define more. Throws `ConnectionStringError`.
 */
export function parseConnectionString(text: string): ConnectionString {
  const parts = cut(text);
  const endpoint = parts.get("endpoint");
  if (endpoint === undefined) throw new ConnectionStringError("The connection string has no Endpoint.");
  const { host, port } = parseEndpoint(endpoint);
  const keyName = parts.get("sharedaccesskeyname");
  const key = parts.get("sharedaccesskey");
  const signature = parts.get("sharedaccesssignature");
  if (signature === undefined && (keyName === undefined || key === undefined)) {
    const missing = keyName === undefined ? "SharedAccessKeyName" : "SharedAccessKey";
    throw new ConnectionStringError(`The connection string has no ${missing}, and no SharedAccessSignature.`);
  }
  if (signature !== undefined && (keyName !== undefined || key !== undefined)) {
    throw new ConnectionStringError("The connection string has a key and a SharedAccessSignature; it may have one.");
  }
  const entityPath = parts.get("entitypath");
  return { host, port, keyName, key, signature, entityPath, useDevelopmentEmulator: emulatorOf(parts) };
}

/** Writes the connection string of an emulator on this machine. */
export function emulatorConnectionString(options: {
  readonly host: string;
  readonly port: number;
  readonly keyName?: string | undefined;
  readonly key?: string | undefined;
  readonly entityPath?: string | undefined;
}): string {
  const { host, port, keyName = ROOT_KEY_NAME, key = EMULATOR_KEY, entityPath } = options;
  const entity = entityPath === undefined ? "" : `;EntityPath=${entityPath}`;
  const access = `SharedAccessKeyName=${keyName};SharedAccessKey=${key}`;
  return `Endpoint=sb://${host}:${port};${access};UseDevelopmentEmulator=true${entity};`;
}

function cut(text: string): ReadonlyMap<string, string> {
  const parts = new Map<string, string>();
  for (const written of text.split(";")) {
    if (written.trim() === "") continue;
    const equals = written.indexOf("=");
    // What is written there may be a piece of a key, so the message does not repeat it.
    if (equals < 1) throw new ConnectionStringError("A part of the connection string is not of the form Name=value.");
    const name = written.slice(0, equals).trim();
    const value = written.slice(equals + 1).trim();
    if (parts.has(name.toLowerCase())) throw new ConnectionStringError(`The connection string has ${name} twice.`);
    if (value !== "") parts.set(name.toLowerCase(), value);
  }
  return parts;
}

function parseEndpoint(endpoint: string): { readonly host: string; readonly port: number | undefined } {
  const url = URL.canParse(endpoint) ? new URL(endpoint) : undefined;
  if (url === undefined || url.protocol !== "sb:" || url.hostname === "") {
    throw new ConnectionStringError(`The Endpoint '${endpoint}' is not of the form sb://host or sb://host:port.`);
  }
  return { host: url.hostname, port: url.port === "" ? undefined : Number(url.port) };
}

function emulatorOf(parts: ReadonlyMap<string, string>): boolean {
  const value = parts.get("usedevelopmentemulator")?.toLowerCase() ?? "false";
  if (value === "true" || value === "false") return value === "true";
  throw new ConnectionStringError("UseDevelopmentEmulator is true or false.");
}
