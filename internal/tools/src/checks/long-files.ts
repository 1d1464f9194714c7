import { globSync } from "node:fs";
import { sep } from "node:path";
import { ROOT, read } from "../repository.ts";

const MANY_LINES = 400;

/** Every source file of more than 400 lines. Such a file is not an error. It is a hint to look for a second idea in it. */
export function longFiles(): readonly string[] {
  return globSync("{packages,internal}/*/src/**/*.ts", { cwd: ROOT })
    .map((path) => ({ path: path.split(sep).join("/"), lines: read(path).trimEnd().split("\n").length }))
    .filter(({ lines }) => lines > MANY_LINES)
    .map(({ path, lines }) => `${path} has ${lines} lines`);
}
