import { expect, test } from "vitest";
import { withoutUndefined } from "../../src/checks/optional-properties.ts";

test("an optional property that does not take undefined is found", () => {
  const source = `interface Options {
  readonly good?: string | undefined;
  readonly bad?: string;
  readonly nested?: { readonly inner?: number | undefined; readonly alsoBad?: number };
  readonly call?: (error: undefined) => void;
  readonly fine?: ((error: Error) => Map<string, number>) | undefined;
  readonly anything?: unknown;
  method?(): void;
}
function f(options?: { readonly hidden?: Map<string, undefined> }, parameter?: string): void {}
`;
  expect(withoutUndefined(source)).toEqual(["method", "bad", "nested", "alsoBad", "call", "hidden"]);
});
