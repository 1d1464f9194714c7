// What `Jsonify` makes of types. Nothing here is run; `tsc -b` is the test.
import type { Jsonify } from "@anybroker/core";

type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
const is = <T extends true>(): T | undefined => undefined;

/** What linters forbid to write, and users may have. */
type Any = ReturnType<typeof JSON.parse>;

type Id = string & { readonly __brand: "Id" };
declare const brand: unique symbol;
type Cents = number & { readonly [brand]: true };

interface Order {
  readonly id: Id;
  readonly total: Cents;
  readonly note?: string;
  readonly lines: readonly { readonly sku: string; readonly tags: [string, ...number[]] }[];
  readonly paid: boolean | null;
  readonly state: "open" | "closed";
  readonly more: Record<string, unknown>;
}

interface Tree {
  readonly name: string;
  readonly children: readonly Tree[];
}

interface DatedTree {
  readonly at: Date;
  readonly children: readonly DatedTree[];
}

type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json };

interface JsonList extends Array<JsonLike> {}
type JsonLike = string | number | JsonList | { readonly [key: string]: JsonLike };

class Money {
  readonly amount: number = 1;
  text(): string {
    return String(this.amount);
  }
}

class Temperature {
  toJSON(): { readonly celsius: number; readonly at: Date } {
    return { celsius: 20, at: new Date() };
  }
}

type Contact = { name: string; message: string };

export function unchanged(): void {
  is<Equal<Jsonify<Order>, Order>>();
  is<Equal<Jsonify<Tree>, Tree>>();
  is<Equal<Jsonify<Json>, Json>>();
  is<Equal<Jsonify<JsonLike>, JsonLike>>();
  is<Equal<Jsonify<Id>, Id>>();
  is<Equal<Jsonify<Cents>, Cents>>();
  is<Equal<Jsonify<unknown>, unknown>>();
  is<Equal<Jsonify<Any>, Any>>();
  is<Equal<Jsonify<never>, never>>();
  is<Equal<Jsonify<boolean>, boolean>>();
  is<Equal<Jsonify<string | null>, string | null>>();
  is<Equal<Jsonify<{ data: unknown }>, { data: unknown }>>();
  is<Equal<Jsonify<Record<string, unknown>>, Record<string, unknown>>>();
  is<Equal<Jsonify<[string, number]>, [string, number]>>();
  is<Equal<Jsonify<Contact>, Contact>>();
  is<Equal<Jsonify<object>, object>>();
}

export function changed(): void {
  is<Equal<Jsonify<Date>, string>>();
  is<Equal<Jsonify<{ at: Date; name: string }>, { at: string; name: string }>>();
  is<Equal<Jsonify<{ readonly at?: Date }>, { readonly at?: string }>>();
  is<Equal<Jsonify<Record<string, Date>>, Record<string, string>>>();
  is<Equal<Jsonify<Date[]>, string[]>>();
  is<Equal<Jsonify<readonly Date[]>, readonly string[]>>();
  is<Equal<Jsonify<[Date, number]>, [string, number]>>();
  is<Equal<Jsonify<Date | number>, string | number>>();
  is<Equal<Jsonify<{ kind: "a"; at: Date } | { kind: "b" }>, { kind: "a"; at: string } | { kind: "b" }>>();
  is<Equal<Jsonify<DatedTree>["children"][number]["children"][number]["at"], string>>();
  is<Equal<Jsonify<Temperature>, { readonly celsius: number; readonly at: string }>>();
  is<Equal<Jsonify<{ link: URL }>, { link: string }>>();
}

export function leftOut(): void {
  is<Equal<Jsonify<Money>, { readonly amount: number }>>();
  is<Equal<Jsonify<{ a: string; b: undefined; c: () => void; d: symbol }>, { a: string }>>();
  is<Equal<Jsonify<{ a: string; b: Date | undefined }>, { a: string; b?: string }>>();
  is<Equal<Jsonify<{ a: string; readonly b: number | (() => void) }>, { a: string; readonly b?: number }>>();
  is<Equal<Jsonify<{ a: Date; [brand]: string }>, { a: string }>>();
  is<Equal<Jsonify<(string | undefined)[]>, (string | null)[]>>();
  is<Equal<Jsonify<[string, undefined]>, [string, null]>>();
}

export function refused(): void {
  is<Equal<Jsonify<bigint>, never>>();
  is<Equal<Jsonify<{ count: bigint }>, { count: never }>>();
  is<Equal<Jsonify<Map<string, string>>, never>>();
  is<Equal<Jsonify<{ names: Set<string> }>, { names: never }>>();
  is<Equal<Jsonify<Promise<string>>, never>>();
  is<Equal<Jsonify<RegExp>, never>>();
  is<Equal<Jsonify<{ bytes: Uint8Array }>, { bytes: never }>>();
  is<Equal<Jsonify<undefined>, never>>();
}
