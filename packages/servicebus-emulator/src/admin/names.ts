import { badRequest } from "./errors.ts";

const SEGMENT = /^[A-Za-z0-9._-]+$/;
const LONGEST_PATH = 260;
const LONGEST_NAME = 50;

/** Checks the name of a queue or topic, which may have slashes. */
export function checkPath(path: string, uri: string): void {
  checkSegments(path.split("/"), uri);
  if (!/^[A-Za-z0-9]/.test(path) || !/[A-Za-z0-9]$/.test(path)) {
    throw badRequest(`The entity name '${path}' has to begin and end with a letter or a number.`);
  }
  checkLength("path", path, LONGEST_PATH);
}

/** Checks the name of a subscription or rule. The name of the default rule begins with a dollar sign. */
export function checkName(name: string, uri: string): void {
  checkSegments([name.replace(/^\$/, "")], uri);
  checkLength("name", name, LONGEST_NAME);
}

function checkSegments(segments: readonly string[], uri: string): void {
  if (segments.every((segment) => SEGMENT.test(segment))) return;
  throw badRequest(
    `'${uri}' contains character(s) that is not allowed by Service Bus. Entity segments can contain only letters, ` +
      "numbers, periods (.), hyphens (-), and underscores (_).",
  );
}

function checkLength(what: "path" | "name", text: string, longest: number): void {
  if (text.length <= longest) return;
  throw badRequest(`The entity ${what} '${text}' exceeds the '${longest}' character limit.`);
}
