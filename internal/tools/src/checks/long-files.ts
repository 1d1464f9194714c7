import { globSync } from "node:fs";
import { sep } from "node:path";
import { ROOT, read } from "../repository.ts";

const MANY_LINES = 400;

/** Every source file of more than 400 lines. That is no fault, but a hint to look for a second idea in the file. */
export function longFiles(): readonly string[] {
  return globSync("{packages,internal}/*/src/**/*.ts", { cwd: ROOT })
    .map((path) => ({ path: path.split(sep).join("/"), lines: read(path).trimEnd().split("\n").length }))
    .filter(({ lines }) => lines > MANY_LINES)
    .map(({ path, lines }) => `${path} has ${lines} lines`);
}
