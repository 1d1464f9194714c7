import { describe, expect, test } from "vitest";
import {
  ConnectionStringError,
  emulatorConnectionString,
  parseConnectionString,
} from "../../src/config/connection-string.ts";

test("a connection string says where, with which key, and for which entity", () => {
  const text =
    "Endpoint=sb://127.0.0.1:5672/;SharedAccessKeyName=Root;SharedAccessKey=abc=;EntityPath=a/b;UseDevelopmentEmulator=true;";
  expect(parseConnectionString(text)).toEqual({
    host: "127.0.0.1",
    port: 5672,
    keyName: "Root",
    key: "abc=",
    signature: undefined,
    entityPath: "a/b",
    useDevelopmentEmulator: true,
  });
});

test("names match in any letter case, and the order of the parts is free", () => {
  const text = "sharedaccesskey=k;ENDPOINT=sb://ns.servicebus.windows.net;SharedAccessKeyName=n;TransportType=Amqp";
  expect(parseConnectionString(text)).toMatchObject({
    host: "ns.servicebus.windows.net",
    port: undefined,
    key: "k",
    useDevelopmentEmulator: false,
  });
});

test("a signature stands in for a key", () => {
  const text = "Endpoint=sb://h;SharedAccessSignature=SharedAccessSignature sr=a&sig=b&se=1&skn=c";
  expect(parseConnectionString(text).signature).toBe("SharedAccessSignature sr=a&sig=b&se=1&skn=c");
});

test("what is written is read as it was, and has the key of Microsoft's emulator", () => {
  expect(
    parseConnectionString(emulatorConnectionString({ host: "localhost", port: 1234, entityPath: "q" })),
  ).toMatchObject({
    host: "localhost",
    port: 1234,
    keyName: "RootManageSharedAccessKey",
    key: "SAS_KEY_VALUE",
    entityPath: "q",
    useDevelopmentEmulator: true,
  });
});

describe("a connection string is refused, and the message has no secret", () => {
  test.each([
    ["", "has no Endpoint"],
    ["SharedAccessKeyName=n;SharedAccessKey=secret", "has no Endpoint"],
    ["Endpoint=;SharedAccessKeyName=n;SharedAccessKey=secret", "has no Endpoint"],
    ["Endpoint=https://h;SharedAccessKeyName=n;SharedAccessKey=secret", "is not of the form sb://host"],
    ["Endpoint=sb://h:x;SharedAccessKeyName=n;SharedAccessKey=secret", "is not of the form sb://host"],
    ["Endpoint=sb://h", "has no SharedAccessKeyName"],
    ["Endpoint=sb://h;SharedAccessKeyName=n", "has no SharedAccessKey,"],
    ["Endpoint=sb://h;SharedAccessKey=secret", "has no SharedAccessKeyName"],
    ["Endpoint=sb://h;SharedAccessKeyName=n;SharedAccessKey=secret;SharedAccessSignature=secret", "it may have one"],
    ["Endpoint=sb://h;Endpoint=sb://g;SharedAccessKeyName=n;SharedAccessKey=secret", "has Endpoint twice"],
    ["Endpoint=sb://h;SharedAccessKeyName=n;SharedAccessKey=secret;secret", "not of the form Name=value"],
    ["Endpoint=sb://h;SharedAccessKeyName=n;SharedAccessKey=secret;UseDevelopmentEmulator=1", "is true or false"],
  ])("%s", (text, message) => {
    const parse = (): unknown => parseConnectionString(text);
    expect(parse).toThrow(ConnectionStringError);
    expect(parse).toThrow(message);
    expect(parse).not.toThrow("secret");
  });
});
