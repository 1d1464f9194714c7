import { XMLBuilder, XMLParser, XMLValidator } from "fast-xml-parser";

/** An element of XML. Names that were read have no prefix. */
export interface XmlElement {
  readonly name: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly children: readonly (XmlElement | string)[];
}

/** Thrown when a text is not XML. */
export class XmlError extends Error {
  override readonly name = "XmlError";
}

const ATTRIBUTES = ":@";
const TEXT = "#text";

// What fast-xml-parser makes of an element, in the order of the document: { name: children, ":@": attributes }.
interface Node {
  readonly [name: string]: unknown;
}

const parser = new XMLParser({
  preserveOrder: true,
  ignoreAttributes: false,
  attributeNamePrefix: "",
  removeNSPrefix: true,
  parseTagValue: false,
  parseAttributeValue: false,
  trimValues: false,
  ignoreDeclaration: true,
  ignorePiTags: true,
  // This is what decodes &#13; and the like.
  htmlEntities: true,
});

const builder = new XMLBuilder({
  preserveOrder: true,
  ignoreAttributes: false,
  attributeNamePrefix: "",
  suppressEmptyNode: true,
});

/** Makes an element to be written. */
export function element(
  name: string,
  attributes: Readonly<Record<string, string>> = {},
  children: readonly (XmlElement | string)[] = [],
): XmlElement {
  return { name, attributes, children };
}

/** Parses a document, and returns its root. Throws `XmlError`. */
export function parseXml(text: string): XmlElement {
  const valid = XMLValidator.validate(text);
  if (valid !== true) throw new XmlError(`${valid.err.msg} (line ${valid.err.line})`);
  // With preserveOrder, the parser returns a list of nodes.
  const roots = (parser.parse(text) as readonly Node[]).map(read).filter((node) => typeof node === "object");
  const [root] = roots;
  if (root === undefined || roots.length > 1) throw new XmlError("A document has one root element.");
  return root;
}

function read(node: Node): XmlElement | string {
  const name = Object.keys(node).find((key) => key !== ATTRIBUTES) ?? "";
  if (name === TEXT) return String(node[TEXT]);
  // The children of an element are nodes, and its attributes are strings: no values are parsed.
  const children = (node[name] as readonly Node[]).map(read);
  const attributes = (node[ATTRIBUTES] ?? {}) as Readonly<Record<string, string>>;
  return { name, attributes, children };
}

/** Writes an element with all that it holds. */
export function writeXml(root: XmlElement): string {
  return builder.build([write(root)]);
}

function write({ name, attributes, children }: XmlElement): Node {
  const nodes = children.map((child) => (typeof child === "string" ? { [TEXT]: child } : write(child)));
  return { [name]: nodes, [ATTRIBUTES]: attributes };
}

/** The first child element of a name. */
export function child(parent: XmlElement, name: string): XmlElement | undefined {
  return childrenOf(parent, name)[0];
}

/** All child elements of a name. */
export function childrenOf(parent: XmlElement, name: string): readonly XmlElement[] {
  return parent.children.filter((node) => typeof node !== "string").filter((node) => node.name === name);
}

/** The text in an element. */
export function textOf(parent: XmlElement): string {
  return parent.children.filter((node) => typeof node === "string").join("");
}

/** The text of the first child element of a name; `undefined` without it. */
export function childText(parent: XmlElement, name: string): string | undefined {
  const found = child(parent, name);
  return found === undefined ? undefined : textOf(found);
}

/** The type of an element by its attribute `i:type`, without the prefix. */
export function typeOf(parent: XmlElement): string | undefined {
  return parent.attributes.type?.replace(/^.*:/, "");
}
