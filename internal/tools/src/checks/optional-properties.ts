import { globSync } from "node:fs";
import { sep } from "node:path";
import { ROOT, read } from "../repository.ts";

/**
 * Every optional property in the packages that does not take `undefined`. With the `exactOptionalPropertyTypes` of
 * `tsc --init`, a program could not pass an option on that it may not have.
 */
export function propertiesWithoutUndefined(): readonly string[] {
  return globSync("packages/*/src/**/*.ts", { cwd: ROOT }).flatMap((path) =>
    withoutUndefined(read(path)).map((name) => `${path.split(sep).join("/")}: ${name}?: lacks "| undefined"`),
  );
}

/** The names of the optional properties and methods in a source text that do not take `undefined`. */
export function withoutUndefined(source: string): readonly string[] {
  const methods = [...source.matchAll(/^ +(\w+)\?[(<]/gm)].map(([, name = ""]) => name);
  const properties = [...source.matchAll(/\b(readonly) (\w+)\?: |^ +(\w+)\?: /gm)].flatMap((match) => {
    const [start, readonly, name = "", other = name] = match;
    const { type, end } = typeAt(source, match.index + start.length);
    // Without `readonly` before it and a `;` after it, it is a parameter.
    const isProperty = readonly !== undefined || end === ";";
    return isProperty && !/\b(undefined|unknown|never)\b/.test(outermost(type)) ? [other] : [];
  });
  return [...methods, ...properties];
}

/** The text of a type that begins there, and the `;`, `,`, `)`, `}` or `=` after it. */
function typeAt(source: string, from: number): { readonly type: string; readonly end: string } {
  let depth = 0;
  for (let at = from; at < source.length; at += 1) {
    const character = source[at] ?? "";
    const isArrow = source.startsWith("=>", at) || source.startsWith("=>", at - 1);
    if (depth === 0 && ";,)}=".includes(character) && !isArrow) return { type: source.slice(from, at), end: character };
    if ("({[<".includes(character)) depth += 1;
    else if (")}]>".includes(character) && !isArrow) depth -= 1;
  }
  return { type: source.slice(from), end: "" };
}

/** A type without what its brackets contain. */
function outermost(type: string): string {
  const shorter = type.replaceAll(/\([^()]*\)|\{[^{}]*\}|\[[^[\]]*\]|<[^<>]*[^=]>/g, "");
  return shorter === type ? type : outermost(shorter);
}
