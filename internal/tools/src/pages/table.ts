import { markdownTable } from "markdown-table";

/** A Markdown table whose cells are not padded, so that a change of one cell changes one line. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  return markdownTable([head, ...rows], { alignDelimiters: false });
}
