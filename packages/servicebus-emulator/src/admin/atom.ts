import { badRequest } from "./errors.ts";
import type { AdminResponse } from "./http.ts";
import { child, element, parseXml, writeXml, type XmlElement, XmlError } from "./xml.ts";

const ATOM = "http://www.w3.org/2005/Atom";
const SERVICE_BUS = "http://schemas.microsoft.com/netservices/2010/10/servicebus/connect";
const INSTANCE = "http://www.w3.org/2001/XMLSchema-instance";

/** An entry of a feed, or the only one of a response. */
export interface Entry {
  readonly uri: string;
  readonly title: string;
  readonly author: string | undefined;
  readonly publishedAt: Date | undefined;
  readonly updatedAt: Date;
  /** The name of the element that describes the resource, and what it holds. */
  readonly content: readonly [name: string, children: readonly XmlElement[]];
}

/** Returns the element that describes the resource in the body of a request. */
export function contentOf(body: string): XmlElement {
  const content = child(parse(body), "content");
  const description = content?.children.find((node) => typeof node !== "string");
  if (description === undefined) throw badRequest("The body of the request is not an Atom entry with a description.");
  return description;
}

function parse(body: string): XmlElement {
  try {
    return parseXml(body);
  } catch (error) {
    throw error instanceof XmlError ? badRequest(`The body of the request is not XML: ${error.message}.`) : error;
  }
}

/** The response with one entry. */
export function entryResponse(status: 200 | 201, entry: Entry): AdminResponse {
  return response(status, "entry", writeEntry(entry, { xmlns: ATOM }));
}

/** The response with a list; `next` is where the list goes on. */
export function feedResponse(
  title: string,
  uri: string,
  entries: readonly Entry[],
  next: string | undefined,
  now: Date,
): AdminResponse {
  const feed = element("feed", { xmlns: ATOM }, [
    element("title", { type: "text" }, [title]),
    element("id", {}, [uri]),
    element("updated", {}, [seconds(now)]),
    element("link", { rel: "self", href: uri }),
    ...(next === undefined ? [] : [element("link", { rel: "next", href: next })]),
    ...entries.map((entry) => writeEntry(entry, { "xml:base": uri })),
  ]);
  return response(200, "feed", feed);
}

/** What the service returns for a queue or topic that is not there: a list of nothing. */
export function nothingResponse(id: string, now: Date): AdminResponse {
  const feed = element("feed", { xmlns: ATOM }, [
    element("title", { type: "text" }, ["Publicly Listed Services"]),
    element("subtitle", { type: "text" }, ["This is the list of publicly-listed services currently available."]),
    element("id", {}, [`uuid:${id};id=1`]),
    element("updated", {}, [seconds(now)]),
    element("generator", {}, ["Service Bus 1.1"]),
  ]);
  return response(200, "feed", feed);
}

function writeEntry(entry: Entry, attributes: Readonly<Record<string, string>>): XmlElement {
  const { uri, title, author, publishedAt, updatedAt, content } = entry;
  const [name, children] = content;
  return element("entry", attributes, [
    element("id", {}, [uri]),
    element("title", { type: "text" }, [title]),
    ...(publishedAt === undefined ? [] : [element("published", {}, [seconds(publishedAt)])]),
    element("updated", {}, [seconds(updatedAt)]),
    ...(author === undefined ? [] : [element("author", {}, [element("name", {}, [author])])]),
    element("link", { rel: "self", href: uri }),
    element("content", { type: "application/xml" }, [
      element(name, { xmlns: SERVICE_BUS, "xmlns:i": INSTANCE }, children),
    ]),
  ]);
}

function response(status: number, type: "entry" | "feed", root: XmlElement): AdminResponse {
  const headers = { "content-type": `application/atom+xml;type=${type};charset=utf-8` };
  return { status, headers, body: writeXml(root) };
}

function seconds(date: Date): string {
  return `${date.toISOString().slice(0, 19)}Z`;
}
