/** What the path of a request names. Names are as they were written. */
export type Route =
  | { readonly type: "root" }
  | { readonly type: "namespace" }
  | { readonly type: "queues" }
  | { readonly type: "topics" }
  | { readonly type: "entity"; readonly path: string }
  | { readonly type: "subscriptions"; readonly topic: string }
  | { readonly type: "subscription"; readonly topic: string; readonly name: string }
  | { readonly type: "rules"; readonly topic: string; readonly subscription: string }
  | { readonly type: "rule"; readonly topic: string; readonly subscription: string; readonly name: string };

/** A path and its query. */
export interface Target {
  /** Decoded, and without slashes around it. */
  readonly path: string;
  readonly query: URLSearchParams;
}

/** Takes the target of a request apart; `undefined` if it is not URL-encoded. */
export function parseTarget(target: string): Target | undefined {
  const mark = target.indexOf("?");
  const path = mark < 0 ? target : target.slice(0, mark);
  try {
    const decoded = decodeURIComponent(path).replace(/^\/+|\/+$/g, "");
    return { path: decoded, query: new URLSearchParams(mark < 0 ? "" : target.slice(mark + 1)) };
  } catch {
    return undefined;
  }
}

/** Finds out what a path names; `undefined` if it has more parts than anything has. */
export function routeOf(path: string): Route | undefined {
  const lower = path.toLowerCase();
  if (lower === "") return { type: "root" };
  if (lower === "$namespaceinfo") return { type: "namespace" };
  if (lower === "$resources/queues") return { type: "queues" };
  if (lower === "$resources/topics") return { type: "topics" };

  // The name of a topic may have slashes, and the names of subscriptions and rules have none.
  const parts = path.split("/");
  const at = parts.findIndex((part, index) => index > 0 && part.toLowerCase() === "subscriptions");
  if (at < 0) return { type: "entity", path };
  const topic = parts.slice(0, at).join("/");
  const [subscription, rules, name, ...more] = parts.slice(at + 1);
  if (subscription === undefined) return { type: "subscriptions", topic };
  if (rules === undefined) return { type: "subscription", topic, name: subscription };
  if (rules.toLowerCase() !== "rules" || more.length > 0) return undefined;
  return name === undefined ? { type: "rules", topic, subscription } : { type: "rule", topic, subscription, name };
}
