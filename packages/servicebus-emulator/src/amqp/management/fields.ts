import { EntityError } from "../../entities/errors.ts";
import { textOf } from "../text.ts";
import { uuidOf } from "../wire/uuid.ts";

type Body = Readonly<Record<string, unknown>>;

/** A whole number; undefined if it is missing. rhea gives large ones as bytes. */
export function numberIn(body: Body, name: string): number | undefined {
  const value = body[name];
  return value === undefined || value === null ? undefined : toNumber(value, name);
}

export function numbersIn(body: Body, name: string): readonly number[] {
  return listIn(body, name).map((value) => toNumber(value, name));
}

export function textIn(body: Body, name: string): string | undefined {
  return textOf(body[name]);
}

export function requiredTextIn(body: Body, name: string): string {
  const text = textIn(body, name);
  if (text === undefined) throw invalid(`The request lacks ${name}.`);
  return text;
}

/** UUIDs as text. */
export function uuidsIn(body: Body, name: string): readonly string[] {
  return listIn(body, name).map((value) => {
    if (Buffer.isBuffer(value) && value.length === 16) return uuidOf(value);
    throw invalid(`${name} must consist of UUIDs.`);
  });
}

/** Maps in a list. */
export function mapsIn(body: Body, name: string): readonly Body[] {
  return listIn(body, name).map((value) => {
    if (typeof value === "object" && value !== null) return value as Body; // Maps arrive as objects.
    throw invalid(`${name} must consist of maps.`);
  });
}

/** Bytes; undefined if they are missing. */
export function bytesIn(body: Body, name: string): Buffer | undefined {
  const value = body[name];
  if (value === undefined || value === null) return undefined;
  if (Buffer.isBuffer(value)) return value;
  throw invalid(`${name} must be binary.`);
}

/** A map; undefined if it is missing. */
export function mapIn(body: Body, name: string): Body | undefined {
  const value = body[name];
  if (value === undefined || value === null) return undefined;
  if (typeof value === "object") return value as Body; // Maps arrive as objects.
  throw invalid(`${name} must be a map.`);
}

export function invalid(message: string): EntityError {
  return new EntityError("invalid", message);
}

function listIn(body: Body, name: string): readonly unknown[] {
  const value = body[name];
  if (Array.isArray(value)) return value;
  throw invalid(`${name} must be a list or an array.`);
}

function toNumber(value: unknown, name: string): number {
  if (typeof value === "number") return value;
  if (Buffer.isBuffer(value) && value.length === 8) return Number(value.readBigInt64BE());
  throw invalid(`${name} must be a number.`);
}
