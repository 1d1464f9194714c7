import { CORRELATION_NAMES } from "../filters/correlation.ts";
import type { CorrelationFilter, Rule, RuleAction, RuleFilter } from "../filters/rule.ts";
import { CONSTANT_TYPES, type Constant, type Constants } from "../filters/values.ts";
import type { Resource } from "./descriptions.ts";
import { badRequest } from "./errors.ts";
import { child, childrenOf, childText, element, textOf, typeOf, type XmlElement } from "./xml.ts";

const XSD = "http://www.w3.org/2001/XMLSchema";
const SERIALIZATION = "http://schemas.microsoft.com/2003/10/Serialization/";

// Version 20 of the SQL is the only one that clients name.
const COMPATIBILITY_LEVEL = element("CompatibilityLevel", {}, ["20"]);

/** Reads the description of a rule. A filter that is left out is true. */
export function readRule(name: string, parent: XmlElement): Rule {
  const filter = child(parent, "Filter");
  const action = child(parent, "Action");
  const rule = { name, filter: filter === undefined ? ({ type: "true" } as const) : readFilter(filter) };
  const read = action === undefined ? undefined : readAction(action);
  return read === undefined ? rule : { ...rule, action: read };
}

function readFilter(filter: XmlElement): RuleFilter {
  const type = typeOf(filter) ?? "";
  switch (type) {
    case "TrueFilter":
      return { type: "true" };
    case "FalseFilter":
      return { type: "false" };
    case "SqlFilter":
      return { type: "sql", expression: expressionOf(filter), parameters: readConstants(child(filter, "Parameters")) };
    case "CorrelationFilter":
      return readCorrelation(filter);
    default:
      throw badRequest(`'${type}' is no type of a filter.`);
  }
}

function readCorrelation(filter: XmlElement): CorrelationFilter {
  const conditions = CORRELATION_NAMES.flatMap((name) => {
    const value = childText(filter, elementName(name));
    return value === undefined ? [] : [[name, value] as const];
  });
  return {
    type: "correlation",
    ...Object.fromEntries(conditions),
    properties: readConstants(child(filter, "Properties")),
  };
}

function readAction(action: XmlElement): RuleAction | undefined {
  const type = typeOf(action);
  if (type === "EmptyRuleAction") return undefined;
  if (type !== "SqlRuleAction") throw badRequest(`'${type}' is no type of an action.`);
  return { expression: expressionOf(action), parameters: readConstants(child(action, "Parameters")) };
}

function expressionOf(parent: XmlElement): string {
  const expression = childText(parent, "SqlExpression");
  if (expression === undefined) throw badRequest("The SqlExpression is missing.");
  return expression;
}

function readConstants(parent: XmlElement | undefined): Constants {
  if (parent === undefined) return {};
  return Object.fromEntries(
    childrenOf(parent, "KeyValueOfstringanyType").map((pair) => {
      const key = childText(pair, "Key") ?? "";
      const value = child(pair, "Value");
      if (key === "" || value === undefined) throw badRequest("A parameter or property has a Key and a Value.");
      return [key, readConstant(key, value)];
    }),
  );
}

function readConstant(key: string, value: XmlElement): Constant {
  const written = typeOf(value);
  const type = CONSTANT_TYPES.find((candidate) => candidate === written);
  if (type === undefined) throw badRequest(`The type '${written}' of the value of '${key}' is not supported.`);
  return { type, text: textOf(value) };
}

/** Writes a rule that exists. */
export function writeRule({ description, createdAt }: Resource<Rule>): readonly XmlElement[] {
  return [...writeRuleParts(description), element("CreatedAt", {}, [createdAt.toISOString()]), nameOf(description)];
}

function writeRuleParts({ filter, action }: Rule): readonly XmlElement[] {
  return [writeFilter(filter), writeAction(action)];
}

function nameOf({ name }: Rule): XmlElement {
  return element("Name", {}, [name]);
}

function writeFilter(filter: RuleFilter): XmlElement {
  switch (filter.type) {
    case "true":
      return writeSql("Filter", "TrueFilter", "1=1", {});
    case "false":
      return writeSql("Filter", "FalseFilter", "1=0", {});
    case "sql":
      return writeSql("Filter", "SqlFilter", filter.expression, filter.parameters);
    case "correlation": {
      const conditions = CORRELATION_NAMES.flatMap((name) => {
        const value = filter[name];
        return value === undefined ? [] : [element(elementName(name), {}, [value])];
      });
      const properties =
        Object.keys(filter.properties).length === 0 ? [] : [writeConstants("Properties", filter.properties)];
      return element("Filter", { "i:type": "CorrelationFilter" }, [...conditions, ...properties]);
    }
  }
}

function writeAction(action: RuleAction | undefined): XmlElement {
  if (action === undefined) return element("Action", { "i:type": "EmptyRuleAction" });
  return writeSql("Action", "SqlRuleAction", action.expression, action.parameters);
}

function writeSql(name: string, type: string, expression: string, parameters: Constants): XmlElement {
  const sql = element("SqlExpression", {}, [expression]);
  return element(name, { "i:type": type }, [sql, COMPATIBILITY_LEVEL, writeConstants("Parameters", parameters)]);
}

function writeConstants(name: string, constants: Constants): XmlElement {
  const pairs = Object.entries(constants).map(([key, constant]) =>
    element("KeyValueOfstringanyType", {}, [element("Key", {}, [key]), writeConstant(constant)]),
  );
  return element(name, {}, pairs);
}

function writeConstant({ type, text }: Constant): XmlElement {
  const namespace = type === "duration" || type === "guid" ? SERIALIZATION : XSD;
  return element("Value", { "i:type": `d6p1:${type}`, "xmlns:d6p1": namespace }, [text]);
}

/** `correlationId` is `CorrelationId` in XML. */
function elementName(name: string): string {
  return name.charAt(0).toUpperCase() + name.slice(1);
}
