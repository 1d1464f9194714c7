import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";

const missing = (error: unknown): boolean => error instanceof Error && "code" in error && error.code === "ENOENT";

/** The SHA-256 of a file in hex, or undefined if the file does not exist. */
export async function hashOf(path: string): Promise<string | undefined> {
  const hash = createHash("sha256");
  try {
    for await (const chunk of createReadStream(path)) hash.update(chunk);
  } catch (error) {
    if (missing(error)) return undefined;
    throw error;
  }
  return hash.digest("hex");
}

/** The size of a file in bytes, or 0 if it does not exist. */
export async function sizeOf(path: string): Promise<number> {
  try {
    return (await stat(path)).size;
  } catch (error) {
    if (missing(error)) return 0;
    throw error;
  }
}
