import { randomUUID } from "node:crypto";
import { contentOf, type Entry, entryResponse, feedResponse, nothingResponse } from "./atom.ts";
import { type BoundCollection, bind, type Written } from "./bound-collection.ts";
import type { Tier } from "./descriptions.ts";
import type { EntityAdmin } from "./entity-admin.ts";
import {
  AdminError,
  alreadyExists,
  badRequest,
  conflict,
  entityNotFound,
  errorResponse,
  noOperation,
  noService,
  unauthorized,
} from "./errors.ts";
import type { AdminRequest, AdminResponse } from "./http.ts";
import { queueKind, ruleKind, subscriptionKind, topicKind } from "./kinds.ts";
import { checkName, checkPath } from "./names.ts";
import { pageOf } from "./paging.ts";
import { parseTarget, type Route, routeOf } from "./route.ts";
import { element, type XmlElement } from "./xml.ts";

/** What a token allows. */
export interface Permit {
  /** Whether it allows to manage what is at a path. */
  manages(path: string): boolean;
}

/** What the administration API is about. */
export interface AdminOptions {
  readonly entities: EntityAdmin;
  readonly namespace: string;
  readonly tier: Tier;
  readonly createdAt: Date;
  /** Checks the value of the header `Authorization`. Throws `AdminError` for a token that is not valid. */
  readonly authorize: (authorization: string) => Permit;
}

/**
 * Serves the administration API of Service Bus: Atom and XML over HTTP. Errors that are not the client's are thrown.
 * https://learn.microsoft.com/rest/api/servicebus/
 */
export function adminApi(options: AdminOptions): (request: AdminRequest) => AdminResponse {
  return (request) => {
    const host = request.headers.host ?? options.namespace;
    const target = parseTarget(request.target);
    try {
      if (target === undefined) throw badRequest("The path of the request is not URL-encoded.");
      const route = routeOf(target.path);
      if (route === undefined) throw noOperation();
      const call: Call = { ...options, request, host, ...target, uri: `${request.scheme}://${host}${request.target}` };
      return serve(route, call, permitOf(request, options));
    } catch (error) {
      if (!(error instanceof AdminError)) throw error;
      return errorResponse(error, `${host}:${target?.path ?? ""}`, new Date());
    }
  };
}

/** A request with all that its answer depends on. */
interface Call extends AdminOptions {
  readonly request: AdminRequest;
  readonly host: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly uri: string;
}

function permitOf({ headers }: AdminRequest, { authorize }: AdminOptions): Permit {
  if (headers.authorization === undefined) {
    throw unauthorized("MissingToken: The authorization header was not found.");
  }
  return authorize(headers.authorization);
}

function serve(route: Route, call: Call, permit: Permit): AdminResponse {
  const { entities, path } = call;
  const needManage = (detail: string): void => {
    if (!permit.manages(path)) throw unauthorized(detail);
  };
  switch (route.type) {
    case "root":
      return onlyGet(call, () => nothingResponse(randomUUID(), new Date()));
    case "namespace":
      needManage(`${READ} claims required for this operation.`);
      return onlyGet(call, () => entryResponse(200, namespaceEntry(call)));
    case "queues":
    case "topics":
      needManage(`${READ} claims required for this operation.`);
      return onlyGet(call, () => {
        const bound =
          route.type === "queues" ? bind(queueKind(call), entities.queues) : bind(topicKind(call), entities.topics);
        return list(call, route.type === "queues" ? "Queues" : "Topics", bound, "");
      });
    case "entity":
      return serveInlet(route.path, call, permit);
    case "subscriptions":
    case "subscription": {
      needManage(
        denied(call, route.type === "subscriptions" ? "EnumerateSubscriptions" : `${operation(call)}Subscription`),
      );
      const collection = entities.subscriptions(route.topic);
      if (collection === undefined) throw noOperation();
      const bound = bind(subscriptionKind(call), collection);
      if (route.type === "subscriptions") return onlyGet(call, () => list(call, "Subscriptions", bound, path));
      return serveOne(route.name, `${call.namespace}:Topic:${route.topic}|${route.name}`, bound, call);
    }
    case "rules":
    case "rule": {
      needManage(denied(call, route.type === "rules" ? "EnumerateRules" : `${operation(call)}Rule`));
      const of = `${call.namespace}:Topic:${route.topic}|${route.subscription}`;
      const collection = entities.rules(route.topic, route.subscription);
      if (collection === undefined) throw entityNotFound(of);
      const bound = bind(ruleKind, collection);
      if (route.type === "rules") return onlyGet(call, () => list(call, "Rules", bound, path));
      return serveOne(route.name, `${of}|${route.name}`, bound, call);
    }
  }
}

const READ = "Manage,EntityRead";

/** The verb in the service's name of what a request does. */
function operation({ request }: Call): string {
  if (request.method === "PUT") return "CreateOrUpdate";
  return request.method === "DELETE" ? "Delete" : "Get";
}

function denied({ host, path }: Call, name: string): string {
  return `SubCode=40100: Unauthorized : Unauthorized access for '${name}' operation on endpoint 'sb://${host}/${path}'.`;
}

/** Serves a queue or a topic. */
function serveInlet(name: string, call: Call, permit: Permit): AdminResponse {
  const { entities, request } = call;
  const queues = bind(queueKind(call), entities.queues);
  const topics = bind(topicKind(call), entities.topics);
  const collection = queues.find(name) === undefined ? topics : queues;
  const found = collection.find(name);
  const manages = permit.manages(name);
  switch (request.method) {
    case "GET":
      if (found === undefined) return nothingResponse(randomUUID(), new Date());
      if (!manages) throw unauthorized(`${READ} claims required for this operation.`);
      return entryResponse(200, entryOf(found, "everything", call.uri, call));
    case "DELETE":
      if (!manages) throw unauthorized("Authorization failed for specified action: Manage,EntityDelete.");
      if (found === undefined) throw noService();
      collection.delete(name);
      return { status: 200, headers: {}, body: "" };
    case "PUT": {
      if (!manages) throw unauthorized("Authorization failed for specified action: Manage,EntityWrite.");
      checkPath(name, call.uri);
      const content = contentOf(request.body);
      const wanted = [queues, topics].find((candidate) => candidate.element === content.name);
      if (wanted === undefined) throw badRequest(`'${content.name}' describes neither a queue nor a topic.`);
      if (found !== undefined && wanted !== collection) throw conflict();
      if (isUpdate(request)) {
        if (found === undefined) throw noOperation();
        return updated(wanted.update(name, content), call);
      }
      if (found !== undefined) throw conflict();
      return created(wanted.create(name, content), call);
    }
    default:
      throw notAllowed(request);
  }
}

/** Serves a subscription or a rule; `id` is how the service names it in errors. */
function serveOne(name: string, id: string, collection: BoundCollection, call: Call): AdminResponse {
  const { request } = call;
  const found = collection.find(name);
  if (request.method === "PUT") {
    checkName(name, call.uri);
    const content = contentOf(request.body);
    if (content.name !== collection.element)
      throw badRequest(`A ${collection.element} is expected, and not a ${content.name}.`);
    if (isUpdate(request)) {
      if (found === undefined) throw entityNotFound(id);
      return updated(collection.update(name, content), call);
    }
    if (found !== undefined) throw alreadyExists(id);
    return created(collection.create(name, content), call);
  }
  if (request.method !== "GET" && request.method !== "DELETE") throw notAllowed(request);
  if (found === undefined) throw entityNotFound(id);
  if (request.method === "GET") return entryResponse(200, entryOf(found, "everything", call.uri, call));
  collection.delete(name);
  return { status: 200, headers: {}, body: "" };
}

/** With If-Match, a PUT updates; without it, a PUT creates. */
function isUpdate({ headers }: AdminRequest): boolean {
  return headers["if-match"] !== undefined;
}

function created(written: Written, call: Call): AdminResponse {
  return entryResponse(201, entryOf(written, "description", call.uri, call));
}

function updated(written: Written, call: Call): AdminResponse {
  return entryResponse(200, { ...entryOf(written, "description", call.uri, call), publishedAt: undefined });
}

function entryOf(written: Written, detail: "description" | "everything", uri: string, { namespace }: Call): Entry {
  const { name, createdAt, updatedAt } = written;
  return { uri, title: name, author: namespace, publishedAt: createdAt, updatedAt, content: written.content(detail) };
}

/** Writes a page of a list. `base` is the path of the list that the names of its entries follow. */
function list(call: Call, title: string, collection: BoundCollection, base: string): AdminResponse {
  const { request, host, query } = call;
  const { items, next } = pageOf(collection.list(), query);
  const root = `${request.scheme}://${host}`;
  const version = query.get("api-version");
  const end = version === null ? "" : `?api-version=${version}`;
  const entries = items.map((written) => {
    const path = base === "" ? written.name : `${base}/${written.name}`;
    return entryOf(written, "everything", `${root}/${path}${end}`, call);
  });
  return feedResponse(title, call.uri, entries, next && `${root}/${call.path}?${next}`, new Date());
}

function namespaceEntry({ uri, namespace, tier, createdAt }: Call): Entry {
  const text = (name: string, value: string): XmlElement => element(name, {}, [value]);
  const units = tier === "Premium" ? [text("MessagingUnits", "1")] : [];
  const children = [
    text("CreatedTime", createdAt.toISOString()),
    text("MessagingSKU", tier),
    ...units,
    text("ModifiedTime", createdAt.toISOString()),
    text("Name", namespace),
    text("NamespaceType", "Messaging"),
  ];
  const times = { publishedAt: undefined, updatedAt: new Date() };
  return { uri, title: namespace, author: namespace, ...times, content: ["NamespaceInfo", children] };
}

function onlyGet({ request }: Call, get: () => AdminResponse): AdminResponse {
  if (request.method !== "GET") throw notAllowed(request);
  return get();
}

function notAllowed({ method }: AdminRequest): AdminError {
  return new AdminError(405, `The method ${method} is not allowed here.`);
}
