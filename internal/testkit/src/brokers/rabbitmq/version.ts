import { connect } from "amqplib";

/** Connects and returns the server's version. */
export async function versionAt(url: string): Promise<string> {
  const connection = await connect(url, { timeout: 5000 });
  connection.on("error", () => undefined);
  const { version } = connection.connection.serverProperties;
  await connection.close();
  return version;
}
