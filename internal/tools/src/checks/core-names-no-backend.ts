import { globSync } from "node:fs";
import { basename, sep } from "node:path";
import { ROOT, read } from "../repository.ts";

const BACKENDS = /rabbit|kafka|redis|azure|servicebus|pubsub|amqp/i;

/** Every line of the core's sources and tests that names a backend. The list of URL schemes, `adapters.ts`, is exempt. */
export function backendsNamedInCore(): readonly string[] {
  return globSync("packages/core/{src,test}/**/*.ts", { cwd: ROOT })
    .map((path) => path.split(sep).join("/"))
    .filter((path) => basename(path) !== "adapters.ts")
    .flatMap((path) =>
      read(path)
        .split("\n")
        .flatMap((line, index) => {
          const name = BACKENDS.exec(line)?.[0];
          return name === undefined ? [] : [`${path}:${index + 1} names a backend ("${name}")`];
        }),
    );
}
