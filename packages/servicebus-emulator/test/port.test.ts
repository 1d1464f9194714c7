import { request as httpsRequest } from "node:https";
import { text } from "node:stream/consumers";
import { getCACertificates, setDefaultCACertificates } from "node:tls";
import { ServiceBusClient } from "@azure/service-bus";
import { expect, onTestFinished, test } from "vitest";
import WebSocket from "ws";
import { emulatorForTest, receiveOne } from "./with-emulator.ts";

const withTls = (connectionString: string): string => connectionString.replace("UseDevelopmentEmulator=true;", "");

async function roundTrip(client: ServiceBusClient): Promise<unknown> {
  onTestFinished(() => client.close());
  await client.createSender("q").sendMessages({ body: "over the wire" });
  const receiver = client.createReceiver("q");
  const message = await receiveOne(receiver);
  await receiver.completeMessage(message);
  return message.body;
}

test("AMQP with TLS is spoken on the same port as without", async () => {
  const emulator = await emulatorForTest();
  emulator.namespace.createQueue("q");
  const trusted = getCACertificates();
  setDefaultCACertificates([...trusted, await emulator.certificate()]);
  onTestFinished(() => setDefaultCACertificates(trusted));
  // A server name of TLS must not be an address.
  const client = new ServiceBusClient(withTls(emulator.connectionString).replace("127.0.0.1", "localhost"));
  expect(await roundTrip(client)).toBe("over the wire");
});

test("AMQP over WebSocket is spoken on the same port, with the certificate of the emulator", async () => {
  const emulator = await emulatorForTest();
  emulator.namespace.createQueue("q");
  const ca = await emulator.certificate();
  const client = new ServiceBusClient(withTls(emulator.connectionString), {
    webSocketOptions: { webSocket: WebSocket as never, webSocketConstructorOptions: { ca } },
  });
  expect(await roundTrip(client)).toBe("over the wire");
});

test("the health endpoint answers with and without TLS", async () => {
  const emulator = await emulatorForTest();
  const plain = await fetch(`http://127.0.0.1:${emulator.port}/health`);
  expect([plain.status, await plain.json()]).toEqual([200, { status: "healthy" }]);

  const ca = await emulator.certificate();
  const body = await new Promise<string>((resolve, reject) => {
    const request = httpsRequest(`https://127.0.0.1:${emulator.port}/health`, { ca, agent: false }, (response) => {
      void text(response).then(resolve, reject);
    });
    request.on("error", reject);
    request.end();
  });
  expect(JSON.parse(body)).toEqual({ status: "healthy" });
});
