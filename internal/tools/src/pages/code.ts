import { read } from "../repository.ts";

/**
 * A block of code from a file: all of it, or the declaration of the given name, such as `shelf` or `ShelfLink.send`,
 * with its doc comment. Works on formatted files only.
 */
export function codeBlock(path: string, name?: string): string {
  const text = read(path).trimEnd();
  const code = name === undefined ? text : declaration(text.split("\n"), name);
  if (code === undefined) throw new Error(`${path} declares no ${name}`);
  return `\`\`\`ts ${name === undefined && !path.endsWith(".test.ts") ? "compile" : "sketch"}\n${code}\n\`\`\``;
}

function declaration(lines: readonly string[], name: string): string | undefined {
  const [outer = "", member] = name.split(".");
  const found = block(lines, new RegExp(`^(export )?(class|const|function|interface|type) ${outer}\\b`), "");
  if (found === undefined || member === undefined) return found?.join("\n");
  const inner = block(found, new RegExp(`^ {2}((async|readonly) )*${member}\\b`), "  ");
  return inner?.map((line) => line.slice(2)).join("\n");
}

/** The lines from the doc comment above the match to the line that closes the declaration at the same indent. */
function block(lines: readonly string[], first: RegExp, indent: string): readonly string[] | undefined {
  const start = lines.findIndex((line) => first.test(line));
  if (start === -1) return undefined;
  const closes = (line: string): boolean =>
    line.startsWith(`${indent}}`) || (line === lines[start] && line.endsWith(";"));
  const end = lines.findIndex((line, index) => index >= start && closes(line));
  const comment = lines.slice(0, start).findLastIndex((line) => !/^ *(\/\*\*| \*)/.test(line)) + 1;
  return lines.slice(comment, end + 1);
}
