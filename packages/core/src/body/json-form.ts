import { show } from "../base/check.ts";

/** A value in a body that JSON cannot hold. */
interface Fault {
  /** The way to it from the value that was searched, such as `.items[2].price`. */
  readonly path: string;
  /** A description, in words. */
  readonly kind: string;
}

/** An object that is being searched, and the ones that contain it. */
interface Holder {
  readonly value: object;
  readonly outer: Holder | undefined;
}

/** Objects that JSON writes as `{}` although they hold something, by their tags: those of subclasses are the same. */
const WITHOUT_FORM: ReadonlySet<string> = new Set(
  "Promise Map Set WeakMap WeakSet RegExp Error ArrayBuffer SharedArrayBuffer Blob FormData Headers URLSearchParams".split(
    " ",
  ),
);

/**
 * Throws a `TypeError` with the path of a value that JSON would change or leave out without an error, such as a Promise,
 * a Map, a function or NaN. A property that is `undefined` may be left out. What an object's `toJSON` returns stands for
 * the object.
 */
export function checkJsonForm(body: unknown): void {
  const fault = faultIn(body, undefined);
  if (fault === undefined) return;
  const what = fault.path === "" ? "the body" : fault.path.replace(/^\./, "");
  const why = fault.kind === "a Promise" ? ": did you forget to await it?" : ", which has no JSON form";
  throw new TypeError(`${what} is ${fault.kind}${why}`);
}

function faultIn(value: unknown, outer: Holder | undefined): Fault | undefined {
  switch (typeof value) {
    case "string":
    case "boolean":
    case "undefined":
      return undefined;
    case "number":
      return Number.isFinite(value) ? undefined : fault(String(value));
    case "object":
      if (value === null) return undefined;
      return isPlain(value) ? faultInPlain(value, outer) : faultInInstance(value, outer);
    case "bigint":
    case "function":
    case "symbol":
      return fault(`a ${typeof value}`);
  }
}

function isPlain(value: object): boolean {
  if (Array.isArray(value)) return true;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

function faultInPlain(value: object, outer: Holder | undefined): Fault | undefined {
  const found = faultInside(value, outer);
  // If it has a `toJSON` of its own, that is a function, and so a fault was found.
  return found !== undefined && hasToJson(value) ? faultInForm(value.toJSON(""), outer) : found;
}

function faultInInstance(value: object, outer: Holder | undefined): Fault | undefined {
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? fault("an invalid Date") : undefined;
  return faultInForm(hasToJson(value) ? value.toJSON("") : value, outer);
}

/** Searches a value whose `toJSON` was called, if it had one. JSON does not call that of the result. */
function faultInForm(form: unknown, outer: Holder | undefined): Fault | undefined {
  if (typeof form !== "object" || form === null) return faultIn(form, outer);
  const kind = isPlain(form) ? undefined : kindWithoutForm(form);
  return kind === undefined ? faultInside(form, outer) : fault(kind);
}

function faultInside(value: object, outer: Holder | undefined): Fault | undefined {
  for (let holder = outer; holder !== undefined; holder = holder.outer) {
    if (holder.value === value) return fault("a reference to an object that contains it");
  }
  const here: Holder = { value, outer };
  return Array.isArray(value) ? faultInItems(value, here) : faultInProperties(value, here);
}

function faultInItems(items: readonly unknown[], here: Holder): Fault | undefined {
  for (let index = 0; index < items.length; index += 1) {
    const found = faultIn(items[index], here);
    if (found !== undefined) return { ...found, path: `[${index}]${found.path}` };
  }
  return undefined;
}

function faultInProperties(value: object, here: Holder): Fault | undefined {
  // `for in` is the fastest loop. It finds inherited properties too, which JSON leaves out.
  for (const name in value) {
    // The cast is true: the loop yields names of properties.
    const found = faultIn((value as Readonly<Record<string, unknown>>)[name], here);
    if (found !== undefined && Object.hasOwn(value, name)) return { ...found, path: `${step(name)}${found.path}` };
  }
  return undefined;
}

function step(name: string): string {
  return /^[A-Za-z_$][\w$]{0,79}$/.test(name) ? `.${name}` : `[${show(name)}]`;
}

function hasToJson(value: object): value is { toJSON(name: string): unknown } {
  return "toJSON" in value && typeof value.toJSON === "function";
}

function kindWithoutForm(value: object): string | undefined {
  if ("then" in value && typeof value.then === "function") return "a Promise";
  const tag = value instanceof Error ? "Error" : Object.prototype.toString.call(value).slice(8, -1);
  if (!WITHOUT_FORM.has(tag) && !ArrayBuffer.isView(value)) return undefined;
  return `${/^[AE]/.test(tag) ? "an" : "a"} ${tag}`;
}

function fault(kind: string): Fault {
  return { path: "", kind };
}
