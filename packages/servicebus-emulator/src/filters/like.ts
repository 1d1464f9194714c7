import { FilterEvaluationError } from "./errors.ts";

/** A part of a pattern: one character, any character, or any number of them. */
type Part = { readonly literal: string } | "one" | "many";

/** Compiles a pattern of LIKE, in which % is any text and _ any one character. Letter case counts. */
export function likePattern(pattern: string, escapeCharacter: string | undefined): (text: string) => boolean {
  const parts = cut(pattern, escapeCharacter);
  return (text) => matches(text, parts);
}

function cut(pattern: string, escapeCharacter: string | undefined): readonly Part[] {
  if (escapeCharacter !== undefined && escapeCharacter.length !== 1) {
    throw new FilterEvaluationError(`The escape character of LIKE is one character, and not '${escapeCharacter}'.`);
  }
  const parts: Part[] = [];
  for (let at = 0; at < pattern.length; at += 1) {
    const character = pattern.charAt(at);
    if (character === escapeCharacter) {
      at += 1;
      if (at >= pattern.length)
        throw new FilterEvaluationError(`The pattern '${pattern}' ends with its escape character.`);
      parts.push({ literal: pattern.charAt(at) });
    } else if (character === "%") parts.push("many");
    else parts.push(character === "_" ? "one" : { literal: character });
  }
  return parts;
}

// Goes back to the last % only, so the time is bounded by text times pattern.
function matches(text: string, parts: readonly Part[]): boolean {
  let at = 0;
  let part = 0;
  let many = -1;
  let resume = 0;
  while (at < text.length) {
    const wanted = parts[part];
    if (wanted === "many") {
      many = part;
      resume = at;
      part += 1;
    } else if (wanted === "one" || wanted?.literal === text.charAt(at)) {
      at += 1;
      part += 1;
    } else {
      if (many < 0) return false;
      resume += 1;
      at = resume;
      part = many + 1;
    }
  }
  return parts.slice(part).every((rest) => rest === "many");
}
