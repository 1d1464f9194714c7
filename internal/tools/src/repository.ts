import { readFileSync } from "node:fs";
import { join } from "node:path";

/** The root folder of the repository. */
export const ROOT: string = join(import.meta.dirname, "../../..");

/** Reads a file by its path from the root. */
export function read(path: string): string {
  return readFileSync(join(ROOT, path), "utf8");
}
