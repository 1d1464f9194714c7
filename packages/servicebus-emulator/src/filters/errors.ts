/** Thrown when a rule is not valid; the service refuses to create it. */
export class RuleError extends Error {
  override readonly name: string = "RuleError";
}

/**
 * Thrown when the text of a filter or action is not in the documented grammar.
 * Its message has the form of the service's.
 */
export class SqlSyntaxError extends RuleError {
  override readonly name = "SqlSyntaxError";
  /** Where the error is: the number of the character in the text, from 1. */
  readonly position: number;

  constructor(text: string, offset: number, token: string, details: string) {
    const before = text.slice(0, offset).split("\n");
    const column = (before.at(-1) ?? "").length + 1;
    super(
      `There was an error parsing the SQL expression. [Token line number = ${before.length},` +
        `Token line offset = ${column},Token in error = ${token},Additional details = ${details}]`,
    );
    this.position = offset + 1;
  }
}

/** Thrown when an expression cannot be evaluated for a message: the service's `FilterException`. */
export class FilterEvaluationError extends Error {
  override readonly name = "FilterEvaluationError";
}
