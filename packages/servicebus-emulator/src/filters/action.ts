import { FilterEvaluationError } from "./errors.ts";
import { compileExpression, type Evaluate, type Parameters } from "./evaluate.ts";
import { applicationKey, type FilterMessage, type SystemProperty, settingOf } from "./message.ts";
import { textOf } from "./operators.ts";
import type { Property, Statement } from "./syntax.ts";
import { constantValue, type FilterValue, typeName } from "./values.ts";

/** What an action changed, by the names of the properties. A property that was removed is `undefined`. */
export interface RuleChanges {
  readonly system: ReadonlyMap<SystemProperty, FilterValue | undefined>;
  readonly application: ReadonlyMap<string, FilterValue | undefined>;
}

/** A message while statements change it. */
interface Draft extends FilterMessage {
  readonly system: Partial<Record<SystemProperty, FilterValue>>;
  readonly application: Record<string, FilterValue>;
  readonly changes: {
    readonly system: Map<SystemProperty, FilterValue | undefined>;
    readonly application: Map<string, FilterValue | undefined>;
  };
}

type Step = (draft: Draft) => void;

/** Compiles the statements of an action. Each statement sees what the ones before it changed. */
export function compileAction(
  statements: readonly Statement[],
  parameters: Parameters,
): (message: FilterMessage) => RuleChanges {
  const steps = statements.map((statement) => compileStatement(statement, parameters));
  return (message) => {
    const draft: Draft = {
      system: { ...message.system },
      application: { ...message.application },
      changes: { system: new Map(), application: new Map() },
    };
    for (const step of steps) step(draft);
    return draft.changes;
  };
}

function compileStatement({ property, ...statement }: Statement, parameters: Parameters): Step {
  if (statement.type === "remove") return (draft) => write(draft, property, undefined);
  const value = compileExpression(statement.value, parameters);
  return property.type === "system" ? setSystem(property.name, value) : setApplication(property.name, value);
}

function setSystem(name: SystemProperty, evaluate: Evaluate): Step {
  return (draft) => write(draft, { type: "system", name }, systemValue(name, evaluate(draft)));
}

function setApplication(name: string, evaluate: Evaluate): Step {
  return (draft) => {
    const key = applicationKey(draft.application, name);
    const existing = key === undefined ? undefined : draft.application[key];
    write(draft, { type: "application", name }, convert(evaluate(draft) ?? null, existing));
  };
}

function write(draft: Draft, property: Property, value: FilterValue | undefined): void {
  if (property.type === "system") {
    draft.changes.system.set(property.name, value);
    if (value === undefined) delete draft.system[property.name];
    else draft.system[property.name] = value;
    return;
  }
  const key = applicationKey(draft.application, property.name) ?? property.name;
  draft.changes.application.set(key, value);
  if (value === undefined) delete draft.application[key];
  else draft.application[key] = value;
}

/** A system property has one type; what is unknown or null removes it. */
function systemValue(name: SystemProperty, value: FilterValue | undefined): FilterValue | undefined {
  if (value === undefined || value === null) return undefined;
  const setting = settingOf(name);
  if (setting === "string") return textOf(value);
  if (setting === "dateTime" && value instanceof Date) return value;
  if (setting === "timeSpan" && isTimeSpan(value)) return value;
  const parsed =
    typeof value === "string" ? parseAs(setting === "dateTime" ? "dateTime" : "duration", value) : undefined;
  if (parsed !== undefined) return parsed;
  throw new FilterEvaluationError(`A value of type '${typeName(value)}' cannot be set as '${name}'.`);
}

function isTimeSpan(value: FilterValue): boolean {
  return typeof value === "object" && value !== null && !(value instanceof Date) && value.kind === "timespan";
}

/** The conversions to the type of the existing value that lose nothing; else the value is set as it is. */
function convert(value: FilterValue, existing: FilterValue | undefined): FilterValue {
  if (value === null) return null;
  if (typeof existing === "string") return textOf(value);
  return typeof existing === "number" && typeof value === "bigint" ? Number(value) : value;
}

function parseAs(type: "dateTime" | "duration", text: string): FilterValue | undefined {
  try {
    return constantValue({ type, text });
  } catch {
    return undefined;
  }
}
