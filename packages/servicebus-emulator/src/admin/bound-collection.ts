import type { Resource } from "./descriptions.ts";
import type { Collection } from "./entity-admin.ts";
import type { Detail } from "./entity-xml.ts";
import type { Kind } from "./kinds.ts";
import type { XmlElement } from "./xml.ts";

/** A resource that can be written as an entry. */
export interface Written {
  readonly name: string;
  readonly createdAt: Date;
  readonly updatedAt: Date;
  content(detail: Detail): readonly [name: string, children: readonly XmlElement[]];
}

/** A collection whose descriptions are XML. */
export interface BoundCollection {
  /** The name of the element with a description. */
  readonly element: string;
  list(): readonly Written[];
  find(name: string): Written | undefined;
  create(name: string, description: XmlElement): Written;
  update(name: string, description: XmlElement): Written;
  delete(name: string): void;
}

/** Puts a collection and its kind together. */
export function bind<Description, Found extends Resource<Description>>(
  kind: Kind<Description, Found>,
  collection: Collection<Description, Found>,
): BoundCollection {
  const write = (found: Found): Written => ({
    name: found.name,
    createdAt: found.createdAt,
    updatedAt: found.updatedAt,
    content: (detail) => [kind.element, kind.write(found, detail)],
  });
  return {
    element: kind.element,
    list: () => collection.list().map(write),
    find: (name) => {
      const found = collection.find(name);
      return found === undefined ? undefined : write(found);
    },
    create: (name, description) => write(collection.create(name, kind.read(description, name, undefined))),
    update: (name, description) => {
      const previous = collection.find(name)?.description;
      return write(collection.update(name, kind.read(description, name, previous)));
    },
    delete: (name) => collection.delete(name),
  };
}
