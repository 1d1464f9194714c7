import { readFileSync } from "node:fs";
import { join } from "node:path";

/** The root folder of the repository. */
export const ROOT: string = join(import.meta.dirname, "../../..");

/** Reads a file by its path from the root. */
export function read(path: string): string {
  return readFileSync(join(ROOT, path), "utf8");
}

/** Where the repository is published. */
export const PUBLISHED_AT = "https://github.com/anybroker/anybroker";

/** The path in the repository, with its anchor, that a link to a published file means; undefined for any other link. */
export function pathOfPublished(link: string): string | undefined {
  return new RegExp(`^${PUBLISHED_AT}/(?:blob|tree)/main/(.*)$`).exec(link)?.[1];
}
