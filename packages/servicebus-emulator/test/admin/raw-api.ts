import { expect } from "vitest";
import { type AdminOptions, adminApi } from "../../src/admin/admin-api.ts";
import { namespaceAdmin } from "../../src/admin/entities-admin.ts";
import type { AdminResponse } from "../../src/admin/http.ts";
import { childText, parseXml } from "../../src/admin/xml.ts";
import { systemClock } from "../../src/entities/clock.ts";
import { Namespace } from "../../src/entities/namespace.ts";

/** Sends a request as it is written. */
export type Send = (method: string, target: string, body?: string, headers?: Record<string, string>) => AdminResponse;

/** The administration API of an empty namespace, without HTTP. */
export const apiForTest = (): Send => {
  const options: AdminOptions = {
    entities: namespaceAdmin(new Namespace(systemClock)),
    namespace: "ns",
    tier: "Standard",
    createdAt: new Date(),
    authorize: () => ({ manages: () => true }),
  };
  const api = adminApi(options);
  return (method, target, body = "", headers = {}) =>
    api({ scheme: "http", method, target, body, headers: { authorization: "x", host: "h", ...headers } });
};

/** What the service says in an error. */
export const detailOf = ({ status, body }: AdminResponse): string => {
  const error = parseXml(body);
  expect([error.name, childText(error, "Code")]).toEqual(["Error", String(status)]);
  return childText(error, "Detail") ?? "";
};

/** An Atom entry with a description. */
export const entry = (content: string): string =>
  `<entry xmlns="http://www.w3.org/2005/Atom"><content type="application/xml">${content}</content></entry>`;
