import { formatDuration, parseDuration } from "../config/durations.ts";
import { badRequest } from "./errors.ts";
import { childText, element, type XmlElement } from "./xml.ts";

/** How a value is written in XML. */
interface Codec<Value> {
  /** Returns `undefined` for a text that is no value. */
  readonly read: (text: string) => Value | undefined;
  /** Returns `undefined` for what is left out. */
  readonly write: (value: Value) => string | undefined;
}

/** A property of a description, and its element in XML. */
export interface Field<Description> {
  readonly element: string;
  /** Reads the property from the element of the description; nothing without it. */
  readonly read: (parent: XmlElement) => Partial<Description>;
  /** Writes the property; nothing if it is not set. */
  readonly write: (description: Description) => readonly XmlElement[];
}

/** Makes the field of a property whose element holds a text. */
export function field<Description, Key extends keyof Description & string>(
  name: string,
  key: Key,
  codec: Codec<Description[Key]>,
): Field<Description> {
  return {
    element: name,
    read: (parent) => {
      const text = childText(parent, name);
      if (text === undefined) return {};
      const value = codec.read(text.trim());
      if (value === undefined) throw badRequest(`The value '${text}' of the property '${name}' is not valid.`);
      // The object has the key and its own value, which the compiler does not see for a generic key.
      return { [key]: value } as unknown as Partial<Description>;
    },
    write: (description) => {
      const text = codec.write(description[key]);
      return text === undefined ? [] : [element(name, {}, [text])];
    },
  };
}

/** Durations of ISO 8601, in ms. */
export const duration: Codec<number> = { read: parseDuration, write: formatDuration };

/** Whole numbers. */
export const integer: Codec<number> = {
  read: (text) => (/^-?\d{1,15}$/.test(text) ? Number(text) : undefined),
  write: String,
};

/** `true` and `false`. */
export const boolean: Codec<boolean> = {
  read: (text) => (/^(true|1)$/i.test(text) ? true : /^(false|0)$/i.test(text) ? false : undefined),
  write: String,
};

/** Texts that may be left out. An empty one is none. */
export const optionalText: Codec<string | undefined> = {
  read: (text) => text,
  write: (text) => (text === undefined || text === "" ? undefined : text),
};

/** One of some texts. */
export function oneOf<Text extends string>(...texts: readonly Text[]): Codec<Text> {
  return { read: (text) => texts.find((candidate) => candidate === text), write: (text) => text };
}
