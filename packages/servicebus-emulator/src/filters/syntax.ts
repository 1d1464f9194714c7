import type { SystemProperty } from "./message.ts";
import type { FilterValue } from "./values.ts";

/** A property of the message. */
export type Property =
  | { readonly type: "system"; readonly name: SystemProperty }
  | { readonly type: "application"; readonly name: string };

/** An operator that returns a value. */
export type ArithmeticOperator = "+" | "-" | "*" | "/" | "%";

/** An operator that compares two values; `!=` is read as `<>`. */
export type ComparisonOperator = "=" | "<>" | "<" | "<=" | ">" | ">=";

/** An expression: it has a value for each message, or is unknown. */
export type Expression =
  | { readonly type: "constant"; readonly value: FilterValue }
  | { readonly type: "parameter"; readonly name: string }
  | { readonly type: "property"; readonly property: Property }
  | { readonly type: "newid" }
  | { readonly type: "property-function"; readonly name: Expression }
  | { readonly type: "sign"; readonly operator: "+" | "-"; readonly operand: Expression }
  | {
      readonly type: "arithmetic";
      readonly operator: ArithmeticOperator;
      readonly left: Expression;
      readonly right: Expression;
    };

/** A condition: it is true, false or unknown for each message. */
export type Predicate =
  | { readonly type: "not"; readonly operand: Predicate }
  | { readonly type: "and" | "or"; readonly left: Predicate; readonly right: Predicate }
  | {
      readonly type: "comparison";
      readonly operator: ComparisonOperator;
      readonly left: Expression;
      readonly right: Expression;
    }
  | { readonly type: "is-null"; readonly property: Property; readonly negated: boolean }
  | { readonly type: "exists"; readonly property: Property }
  | {
      readonly type: "in";
      readonly operand: Expression;
      readonly list: readonly Expression[];
      readonly negated: boolean;
    }
  | {
      readonly type: "like";
      readonly operand: Expression;
      readonly pattern: Expression;
      readonly escapeCharacter: Expression | undefined;
      readonly negated: boolean;
    };

/** One statement of an action. */
export type Statement =
  | { readonly type: "set"; readonly property: Property; readonly value: Expression }
  | { readonly type: "remove"; readonly property: Property };
