import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { json } from "../../src/body/codec.ts";

const textOf = (body: unknown): string => Buffer.from(json.encode(body)).toString();

class Order {
  readonly id = "7";
  readonly #secret = "x";
  readonly total: number;
  constructor(total: number) {
    this.total = total;
  }
  secret(): string {
    return this.#secret;
  }
}

class Price {
  readonly form: unknown;
  constructor(form: unknown) {
    this.form = form;
  }
  toJSON(): unknown {
    return this.form;
  }
}

class Self {
  readonly id = 7;
  toJSON(): this {
    return this;
  }
}

class Query {
  // biome-ignore lint/suspicious/noThenProperty: a query builder that runs when it is awaited
  then(resolve: (rows: readonly string[]) => void): void {
    resolve([]);
  }
}

class Names extends Map<string, string> {
  readonly own = "property";
}

function selfish(): object {
  const order: Record<string, unknown> = { id: 7 };
  order.lines = [{ order }];
  return order;
}

describe("a JSON body with a value that JSON would change or leave out is a TypeError that names its path", () => {
  const items = (price: unknown): object => ({ items: [{ price: 1 }, { price: 2 }, { price }] });

  test.each([
    ["the body is a Promise: did you forget to await it?", Promise.resolve({ id: 7 })],
    ["customer is a Promise: did you forget to await it?", { customer: Promise.resolve("Ada") }],
    ["rows is a Promise: did you forget to await it?", { rows: new Query() }],
    ["the body is a Map, which has no JSON form", new Map([["a", 1]])],
    ["items[2].price is a Map, which has no JSON form", items(new Names())],
    ["items[2].price is a Set, which has no JSON form", items(new Set([1]))],
    ["items[2].price is a RegExp, which has no JSON form", items(/a/)],
    ["items[2].price is an Error, which has no JSON form", items(new TypeError("no price"))],
    ["items[2].price is an Error, which has no JSON form", items(Object.assign(new Error("x"), { code: 7 }))],
    ["items[2].price is a URLSearchParams, which has no JSON form", items(new URLSearchParams("a=1"))],
    ["items[2].price is a Uint8Array, which has no JSON form", items(Uint8Array.of(1))],
    ["items[2].price is an ArrayBuffer, which has no JSON form", items(new ArrayBuffer(1))],
    ["items[2].price is an invalid Date, which has no JSON form", items(new Date(Number.NaN))],
    ["items[2].price is NaN, which has no JSON form", items(Number.NaN)],
    ["items[2].price is Infinity, which has no JSON form", items(Number.POSITIVE_INFINITY)],
    ["items[2].price is -Infinity, which has no JSON form", items(Number.NEGATIVE_INFINITY)],
    ["items[2].price is a function, which has no JSON form", items(() => 1)],
    ["items[2].price is a symbol, which has no JSON form", items(Symbol("secret"))],
    ["items[2].price is a bigint, which has no JSON form", items(7n)],
    ["the body is NaN, which has no JSON form", Number.NaN],
    ["the body is undefined, which has no JSON form", undefined],
    ["the body is a function, which has no JSON form", () => 1],
    ["the body is a bigint, which has no JSON form", 7n],
    ["[1] is NaN, which has no JSON form", [1, Number.NaN]],
    ['["first name"].x is NaN, which has no JSON form', { "first name": { x: Number.NaN } }],
    ["total is NaN, which has no JSON form", new Order(Number.NaN)],
    ["price.total is NaN, which has no JSON form", { price: new Price({ total: Number.NaN }) }],
    ["price is a Map, which has no JSON form", { price: new Price(new Map()) }],
    ["price is a function, which has no JSON form", new Price({ price: new Price(() => 1) })],
    ["lines[0].order is a reference to an object that contains it, which has no JSON form", selfish()],
    ["bytes have no JSON form: use { codec: bytes }", Uint8Array.of(1)],
    ["bytes have no JSON form: use { codec: bytes }", new ArrayBuffer(1)],
  ])("%s", (message, body) => expect(() => textOf(body)).toThrow(new TypeError(message)));

  test("a long name is cut", () => {
    expect(() => textOf({ [`a${"b".repeat(500)}`]: Number.NaN })).toThrow(/^\["ab{79}…"\] is NaN/);
  });
});

describe("a JSON body is what JSON.stringify makes of it", () => {
  test("whatever JSON can hold", () => {
    fc.assert(
      fc.property(fc.jsonValue(), (body) => {
        expect(textOf(body)).toBe(JSON.stringify(body));
      }),
      { numRuns: 500 },
    );
  });

  const shared = { sku: "7" };
  const deep = JSON.parse(`${"[".repeat(1_000)}${"]".repeat(1_000)}`);

  test.each([
    ["a date", { at: new Date(0) }, '{"at":"1970-01-01T00:00:00.000Z"}'],
    ["a property that is undefined", { a: 1, b: undefined }, '{"a":1}'],
    ["an element that is undefined", [undefined, 1], "[null,1]"],
    ["an instance of a class", new Order(5), '{"id":"7","total":5}'],
    ["an object with toJSON", { price: new Price("5 EUR"), link: new URL("a:b") }, '{"price":"5 EUR","link":"a:b"}'],
    ["an object whose own toJSON replaces a function", { f: () => 1, toJSON: () => "form" }, '"form"'],
    ["an object whose toJSON returns itself", new Self(), '{"id":7}'],
    ["an Error with toJSON", { error: Object.assign(new Error("x"), { toJSON: () => "x" }) }, '{"error":"x"}'],
    ["an object without a prototype", Object.assign(Object.create(null), { a: 1 }), '{"a":1}'],
    ["a thing twice", [shared, { shared }, shared], '[{"sku":"7"},{"shared":{"sku":"7"}},{"sku":"7"}]'],
    ["a deep thing", deep, JSON.stringify(deep)],
    ["what is inherited or hidden", Object.create({ f: () => 1 }, { g: { value: () => 1 } }), "{}"],
    ["a buffer inside", { data: Buffer.from("a") }, '{"data":{"type":"Buffer","data":[97]}}'],
    ["text and null", ["", null, true], '["",null,true]'],
  ])("%s", (_, body, text) => expect(textOf(body)).toBe(text));
});
