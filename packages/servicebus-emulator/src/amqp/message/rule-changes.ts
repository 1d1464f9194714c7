import type { RuleChanges } from "../../filters/action.ts";
import { applicationKey, type FilterMessage } from "../../filters/message.ts";
import { ANNOTATIONS, FIELDS } from "./filter-message.ts";
import { encodeFilterValue } from "./filter-value.ts";

/** Changes of a message, encoded. undefined removes what was there. */
export interface EncodedChanges {
  /** By the position in the properties section. */
  readonly fields: ReadonlyMap<number, Buffer | undefined>;
  readonly application: ReadonlyMap<string, Buffer | undefined>;
  readonly annotations: ReadonlyMap<string, Buffer | undefined>;
  /** In ms. */
  readonly timeToLive: number | undefined;
}

/** Encodes what the action of a rule changes of a message. */
export function encodeChanges(changes: RuleChanges, message: FilterMessage): EncodedChanges {
  const fields = new Map<number, Buffer | undefined>();
  const annotations = new Map<string, Buffer | undefined>();
  let timeToLive: number | undefined;
  for (const [name, value] of changes.system) {
    const encoded = value === undefined ? undefined : encodeFilterValue(value);
    const field = FIELDS[name];
    const annotation = ANNOTATIONS[name];
    if (field !== undefined) fields.set(field, encoded);
    else if (annotation !== undefined) annotations.set(annotation, encoded);
    else if (isTimeSpan(value)) timeToLive = value.milliseconds;
  }
  const application = new Map<string, Buffer | undefined>();
  for (const [name, value] of changes.application) {
    const key = applicationKey(message.application, name) ?? name;
    application.set(key, value === undefined ? undefined : encodeFilterValue(value));
  }
  return { fields, application, annotations, timeToLive };
}

function isTimeSpan(value: unknown): value is { readonly milliseconds: number } {
  return typeof value === "object" && value !== null && "milliseconds" in value;
}
