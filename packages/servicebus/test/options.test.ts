import { inspect } from "node:util";
import { expect, test } from "vitest";
import { type ServicebusOptions, servicebus } from "../src/index.ts";
import { settingsOf } from "../src/options.ts";

const url = "servicebus://ada:s3cret%2F%3D@one.servicebus.windows.net?timeout=2000";
const string = "Endpoint=sb://one.servicebus.windows.net/;SharedAccessKeyName=ada;SharedAccessKey=s3cret/=";

test("a URL and a connection string hold host, key and options", () => {
  const expected = { address: { username: "ada", password: "s3cret/=" }, host: "one.servicebus.windows.net" };
  expect(settingsOf({ url })).toMatchObject({ ...expected, timeout: 2_000 });
  expect(settingsOf({ url: string })).toMatchObject(expected);
  expect(settingsOf({ url: `${string};UseDevelopmentEmulator=true;EntityPath=orders` })).toMatchObject({
    ...expected,
    emulator: true,
    entityPath: "orders",
  });
  expect(settingsOf({ url: "servicebus://a:b@127.0.0.1:5672?emulator=true" })).toMatchObject({
    host: "127.0.0.1:5672",
  });
  const signature = "SharedAccessSignature sr=s3cret&sig=x";
  expect(settingsOf({ url: `Endpoint=sb://one/;SharedAccessSignature=${signature}` })).toMatchObject({
    sharedAccessSignature: signature,
  });
});

const credential = { getToken: async () => null };

test.each<[string, ServicebusOptions | object]>([
  ["unknown option", { url, timout: 5 }],
  ["parameter 1", { url: "servicebus://a:s3cret@one?password=s3cret" }],
  ["timeout", { url, timeout: 10 }],
  ["naming", { url, naming: "x" }],
  ["credential", { url: "servicebus://one", credential: "s3cret" }],
  ["begin with servicebus://", { url: "s3cret" }],
  ["scheme", { url: "amqp://one" }],
  ["there is no key", { url: "servicebus://one.servicebus.windows.net" }],
  ["there is no key", { url: "Endpoint=sb://one.servicebus.windows.net/" }],
  ["a key has a name and a value", { url: "servicebus://s3cret@one" }],
  ["a key has a name and a value", { url: "Endpoint=sb://one/;SharedAccessKeyName=ada" }],
  ["a key has a name and a value", { url: "Endpoint=sb://one/;SharedAccessKey=s3cret" }],
  ["only one of", { url, credential }],
  ["only one of", { url: `${string};SharedAccessSignature=s3cret` }],
  ["must not have a path", { url: "servicebus://a:s3cret@one/orders" }],
  ["one host", { url: "servicebus://a:s3cret@one,two" }],
  ["Endpoint in the connection string", { url: "Endpoint=one;SharedAccessKeyName=a;SharedAccessKey=s3cret" }],
  ["unknown part", { url: `${string};Password=s3cret` }],
  ["occurs twice", { url: `${string};SharedAccessKey=s3cret` }],
  ["emulator", { url: `${string};UseDevelopmentEmulator=s3cret` }],
])("%s is refused with what is wrong and no secret", (what, options) => {
  // The cast lets options through that TypeScript would refuse.
  const make = (): unknown => servicebus(options as ServicebusOptions);
  expect(make).toThrow(expect.objectContaining({ code: "INVALID_CONFIG", message: expect.stringContaining(what) }));
  expect(make).not.toThrow(/s3cret/);
});

test.each([url, string])("a driver shows its address and no secret", (from) => {
  const driver = servicebus({ url: from });
  expect(driver.address).toBe("servicebus://one.servicebus.windows.net");
  expect(inspect(driver, { depth: 9, showHidden: true })).not.toContain("s3cret");
});
