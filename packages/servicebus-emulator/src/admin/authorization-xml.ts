import type { AccessRight, AuthorizationRule } from "./descriptions.ts";
import { badRequest } from "./errors.ts";
import type { Field } from "./fields.ts";
import { child, childrenOf, childText, element, textOf, type XmlElement } from "./xml.ts";

const RIGHTS: readonly AccessRight[] = ["Manage", "Send", "Listen"];

/** The field of the keys of an entity. */
export const authorizationRules: Field<{ readonly authorizationRules: readonly AuthorizationRule[] }> = {
  element: "AuthorizationRules",
  read: (parent) => {
    const rules = child(parent, "AuthorizationRules");
    return rules === undefined ? {} : { authorizationRules: childrenOf(rules, "AuthorizationRule").map(readRule) };
  },
  write: ({ authorizationRules: rules }) => [element("AuthorizationRules", {}, rules.map(writeRule))],
};

function readRule(rule: XmlElement): AuthorizationRule {
  const keyName = childText(rule, "KeyName") ?? "";
  const primaryKey = childText(rule, "PrimaryKey") ?? "";
  const rights = child(rule, "Rights");
  if (keyName === "" || primaryKey === "") throw badRequest("An authorization rule has a KeyName and a PrimaryKey.");
  return {
    keyName,
    primaryKey,
    secondaryKey: childText(rule, "SecondaryKey") ?? "",
    rights: rights === undefined ? [] : childrenOf(rights, "AccessRights").map((right) => rightOf(textOf(right))),
    createdAt: dateOf(childText(rule, "CreatedTime")),
    modifiedAt: dateOf(childText(rule, "ModifiedTime")),
  };
}

function rightOf(text: string): AccessRight {
  const right = RIGHTS.find((candidate) => candidate === text);
  if (right === undefined) throw badRequest(`'${text}' is no access right. Access rights are ${RIGHTS.join(", ")}.`);
  return right;
}

function dateOf(text: string | undefined): Date {
  const date = new Date(text ?? Number.NaN);
  return Number.isNaN(date.getTime()) ? new Date() : date;
}

function writeRule(rule: AuthorizationRule): XmlElement {
  const rights = rule.rights.map((right) => element("AccessRights", {}, [right]));
  return element("AuthorizationRule", { "i:type": "SharedAccessAuthorizationRule" }, [
    element("ClaimType", {}, ["SharedAccessKey"]),
    element("ClaimValue", {}, ["None"]),
    element("Rights", {}, rights),
    element("CreatedTime", {}, [rule.createdAt.toISOString()]),
    element("ModifiedTime", {}, [rule.modifiedAt.toISOString()]),
    element("KeyName", {}, [rule.keyName]),
    element("PrimaryKey", {}, [rule.primaryKey]),
    element("SecondaryKey", {}, [rule.secondaryKey]),
  ]);
}
