import { invalidConfig } from "@anybroker/core/driver";

/** A connection string as a URL of this adapter. */
interface FromConnectionString {
  readonly url: string;
  readonly sharedAccessSignature: string | undefined;
}

const PARTS = [
  "Endpoint",
  "SharedAccessKeyName",
  "SharedAccessKey",
  "SharedAccessSignature",
  "EntityPath",
  "UseDevelopmentEmulator",
] as const;

type Part = (typeof PARTS)[number];

const ENDPOINT = /^(?:sb|amqps?|https?):\/\/([^/?#@]+)\/*$/i;

/**
 * Writes a connection string as a URL. A URL stays as it is. Throws `INVALID_CONFIG` for a part that is unknown, repeated
 * or wrong; the message shows no value.
 */
export function urlOfConnectionString(text: string): FromConnectionString {
  if (!/^\s*endpoint\s*=/i.test(text)) return { url: text, sharedAccessSignature: undefined };
  const parts = partsOf(text);
  const host = ENDPOINT.exec(parts.get("Endpoint") ?? "")?.[1];
  if (host === undefined)
    throw invalidConfig("Endpoint in the connection string must be sb:// and the namespace's host");
  const name = parts.get("SharedAccessKeyName");
  const key = parts.get("SharedAccessKey");
  const emulator = parts.get("UseDevelopmentEmulator");
  const entityPath = parts.get("EntityPath");
  const user = name === undefined && key === undefined ? "" : `${encode(name ?? "")}:${encode(key ?? "")}@`;
  const parameters = [
    ...(emulator === undefined ? [] : [`emulator=${encode(emulator.toLowerCase())}`]),
    ...(entityPath === undefined ? [] : [`entityPath=${encode(entityPath)}`]),
  ];
  return {
    url: `servicebus://${user}${host}${parameters.length === 0 ? "" : `?${parameters.join("&")}`}`,
    sharedAccessSignature: parts.get("SharedAccessSignature"),
  };
}

function partsOf(text: string): ReadonlyMap<Part, string> {
  const parts = new Map<Part, string>();
  for (const pair of text.split(";")) {
    if (pair.trim() === "") continue;
    const at = pair.indexOf("=");
    const given = pair.slice(0, at).trim().toLowerCase();
    const part = PARTS.find((known) => known.toLowerCase() === given);
    if (part === undefined)
      throw invalidConfig(`the connection string has an unknown part; known ones: ${PARTS.join(", ")}`);
    if (parts.has(part)) throw invalidConfig(`${part} occurs twice in the connection string`);
    parts.set(part, pair.slice(at + 1).trim());
  }
  return parts;
}

function encode(text: string): string {
  return encodeURIComponent(text);
}
