import { Redis } from "ioredis";

/** ioredis with its defaults. It does not print errors of its connection: commands reject with them. */
export function clientOf(url: string): Redis {
  return withoutPrinting(new Redis(url));
}

/** A further connection with the settings of the client. */
export function duplicateOf(client: Redis): Redis {
  return withoutPrinting(client.duplicate());
}

function withoutPrinting(client: Redis): Redis {
  return client.on("error", () => {});
}
