import { createHmac } from "node:crypto";
import { expect, test } from "vitest";
import { adminForTest, clientForTest, emulatorForTest, receiveOne } from "../with-emulator.ts";
import { adminClientFor, refusalOf } from "./admin-client.ts";

const signature = (resource: string, name: string, key: string, expiry: number): string => {
  const encoded = encodeURIComponent(resource);
  const sig = encodeURIComponent(createHmac("sha256", key).update(`${encoded}\n${expiry}`).digest("base64"));
  return `SharedAccessSignature sr=${encoded}&sig=${sig}&se=${expiry}&skn=${name}`;
};

const inAnHour = (): number => Math.round(Date.now() / 1000) + 3600;

const detailOf = async (port: number, path: string, authorization?: string): Promise<string> => {
  const headers = authorization === undefined ? {} : { authorization };
  const response = await fetch(`http://127.0.0.1:${port}/${path}`, { headers });
  return `${response.status} ${await response.text()}`;
};

test("a request needs a token that is signed with a key, and not over", async () => {
  const { port } = await emulatorForTest({ keys: [{ name: "root", key: "secret" }] });
  const host = `http://127.0.0.1:${port}`;
  const list = "$Resources/Queues";
  expect(await detailOf(port, list)).toMatch(/^401 .*MissingToken: The authorization header was not found\./);
  expect(await detailOf(port, list, "nonsense")).toMatch(/^401 .*InvalidSignature/);
  expect(await detailOf(port, list, "Bearer abc")).toMatch(/^401 .*InvalidToken/);
  expect(await detailOf(port, list, signature(host, "root", "wrong", inAnHour()))).toMatch(/^401 .*InvalidSignature/);
  expect(await detailOf(port, list, signature(host, "other", "secret", inAnHour()))).toMatch(/^401 .*InvalidSignature/);
  expect(await detailOf(port, list, signature(host, "root", "secret", 1))).toMatch(/^401 .*ExpiredToken/);
  expect(await detailOf(port, list, signature(`${host}/other`, "root", "secret", inAnHour()))).toMatch(
    /^401 .*claims required/,
  );
  expect(await detailOf(port, list, signature(host, "root", "secret", inAnHour()))).toMatch(/^200 /);
});

test("a token of Microsoft Entra ID is taken if the emulator is told to", async () => {
  const { port } = await emulatorForTest({ checkToken: (token) => (token === "good" ? ["Manage"] : undefined) });
  expect(await detailOf(port, "$Resources/Queues", "Bearer good")).toMatch(/^200 /);
  expect(await detailOf(port, "$Resources/Queues", "Bearer bad")).toMatch(/^401 /);
});

test("a key without the right to manage is told which claim it lacks", async () => {
  const root = { name: "root", key: "secret" };
  const low = { name: "low", key: "other", claims: ["Send", "Listen"] } as const;
  const emulator = await emulatorForTest({ keys: [root, low] });
  const admin = await adminForTest(emulator);
  await admin.createQueue("q");
  await admin.createTopic("t");
  await admin.createSubscription("t", "s");
  const queue = await admin.getQueue("q");
  const weak = adminClientFor(
    emulator.connectionString.replace("root", "low").replace("secret", "other"),
    await emulator.certificate(),
  );

  const denials: readonly (readonly [Promise<unknown>, string])[] = [
    [weak.getQueue("q"), "Manage,EntityRead claims required for this operation"],
    [weak.listQueues().next(), "Manage,EntityRead claims required for this operation"],
    [weak.getNamespaceProperties(), "Manage,EntityRead claims required for this operation"],
    [weak.createQueue("new"), "Authorization failed for specified action: Manage,EntityWrite"],
    [weak.updateQueue(queue), "Authorization failed for specified action: Manage,EntityWrite"],
    [weak.deleteQueue("q"), "Authorization failed for specified action: Manage,EntityDelete."],
    [weak.getSubscription("t", "s"), "SubCode=40100: Unauthorized : Unauthorized access for 'GetSubscription'"],
    [weak.listSubscriptions("t").next(), "Unauthorized access for 'EnumerateSubscriptions' operation"],
    [weak.createSubscription("t", "new"), "Unauthorized access for 'CreateOrUpdateSubscription'"],
    [weak.deleteSubscription("t", "s"), "Unauthorized access for 'DeleteSubscription'"],
    [weak.createRule("t", "s", "r", { sqlExpression: "1=1" }), "Unauthorized access for 'CreateOrUpdateRule'"],
  ];
  for (const [request, message] of denials) {
    expect(await refusalOf(request)).toEqual({
      status: 401,
      code: "UnauthorizedRequestError",
      message: expect.stringContaining(message),
    });
  }
  // What is not there is no secret: the service returns an empty list.
  expect(await refusalOf(weak.getQueue("gone"))).toMatchObject({ status: 200, code: "MessageEntityNotFoundError" });
  expect(await admin.queueExists("q")).toBe(true);
});

test("the keys of a queue work for that queue alone", async () => {
  const emulator = await emulatorForTest();
  const admin = await adminForTest(emulator);
  const rule = (
    keyName: string,
    right: "Send" | "Listen" | "Manage",
    primaryKey: string,
    secondaryKey = "c2Vjb25k",
  ) => ({
    claimType: "SharedAccessKey",
    keyName,
    primaryKey,
    secondaryKey,
    accessRights: right === "Manage" ? (["Manage", "Send", "Listen"] as const).slice() : [right],
  });
  await admin.createQueue("other");
  await admin.createQueue("q", {
    authorizationRules: [
      rule("sender", "Send", "b25l"),
      rule("reader", "Listen", "dHdv"),
      rule("owner", "Manage", "dGhyZWU="),
    ],
  });
  const withKey = (name: string, key: string): string =>
    emulator.connectionString.replace("RootManageSharedAccessKey", name).replace("SAS_KEY_VALUE", key);

  await clientForTest(withKey("sender", "c2Vjb25k")).createSender("q").sendMessages({ body: "x" });
  await expect(
    clientForTest(withKey("reader", "dHdv")).createSender("q").sendMessages({ body: "x" }),
  ).rejects.toMatchObject({
    code: "UnauthorizedAccess",
  });
  await expect(
    clientForTest(withKey("sender", "b25l")).createSender("other").sendMessages({ body: "x" }),
  ).rejects.toMatchObject({
    code: "UnauthorizedAccess",
  });
  expect((await receiveOne(clientForTest(withKey("reader", "dHdv")).createReceiver("q"))).body).toBe("x");

  const owner = adminClientFor(withKey("owner", "dGhyZWU="), await emulator.certificate());
  const queue = await owner.getQueue("q");
  expect(queue.authorizationRules?.map(({ keyName, accessRights }) => [keyName, accessRights])).toEqual([
    ["sender", ["Send"]],
    ["reader", ["Listen"]],
    ["owner", ["Manage", "Send", "Listen"]],
  ]);
  expect(await refusalOf(owner.getQueue("other"))).toMatchObject({ status: 401 });
  await owner.updateQueue({ ...queue, authorizationRules: [] });
  expect(await refusalOf(owner.getQueue("q"))).toMatchObject({ status: 401 });
});
