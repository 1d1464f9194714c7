/**
 * The type of a value after it was written as JSON and read again: what a handler gets for a body of type `T` without a
 * schema and without a codec of your own.
 *
 * It is `T` itself where JSON changes nothing. Otherwise a `Date` is a `string`, an object with `toJSON` is what that
 * returns, properties that may be `undefined` are optional, methods are gone, and what JSON cannot hold is `never`.
 */
export type Jsonify<T> = [T] extends [Json<T>] ? ([Json<T>] extends [T] ? T : Json<T>) : Json<T>;

type Json<T> = unknown extends T
  ? T
  : T extends string | number | boolean | null
    ? T
    : T extends { toJSON(...args: never): infer Form }
      ? Json<Form>
      : T extends LeftOut | Refused
        ? never
        : T extends readonly unknown[]
          ? JsonArray<T>
          : T extends object
            ? JsonObject<T>
            : never;

/** Values that JSON leaves out of an object. In an array they become `null`. */
type LeftOut = undefined | symbol | ((...args: never) => unknown);

/** Values that cannot be sent as JSON: a `TypeError`. */
type Refused =
  | bigint
  | PromiseLike<unknown>
  | ReadonlyMap<unknown, unknown>
  | ReadonlySet<unknown>
  | RegExp
  | ArrayBufferLike
  | ArrayBufferView;

type Tuple = readonly [unknown, ...unknown[]] | readonly [...unknown[], unknown] | readonly [];

// A mapped type over an interface that extends `Array` would be an object with the properties of an array.
type JsonArray<T extends readonly unknown[]> = T extends Tuple
  ? { [K in keyof T]: JsonItem<T[K]> }
  : T extends unknown[]
    ? JsonItem<T[number]>[]
    : readonly JsonItem<T[number]>[];

type JsonItem<T> = Json<T> | (MayBeLeftOut<T> extends true ? null : never);

// The last line makes one type of the intersection, so that editors show its properties.
type JsonObject<T> = { [K in keyof T as IfStays<K, T[K]>]: Json<T[K]> } & {
  [K in keyof T as IfMayBeMissing<K, T[K]>]?: Json<T[K]>;
} extends infer Both
  ? { [K in keyof Both]: Both[K] }
  : never;

type IfStays<K, Value> = K extends symbol ? never : MayBeLeftOut<Value> extends true ? never : K;

type IfMayBeMissing<K, Value> = K extends symbol
  ? never
  : MayBeLeftOut<Value> extends true
    ? [Exclude<Value, LeftOut>] extends [never]
      ? never
      : K
    : never;

type MayBeLeftOut<Value> = unknown extends Value ? false : [Extract<Value, LeftOut>] extends [never] ? false : true;
