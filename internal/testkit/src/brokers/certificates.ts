import { execFile } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";

const openssl = (folder: string, args: string) => promisify(execFile)("openssl", args.split(" "), { cwd: folder });

/** Paths of PEM files. */
export interface Certificates {
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
  readonly clientCert: string;
  readonly clientKey: string;
}

/** Creates a private authority, and certificates that it signed for a server on 127.0.0.1 and localhost and for a client named "client". */
export async function makeCertificates(folder: string): Promise<Certificates> {
  const key = "-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes";
  await writeFile(join(folder, "san.cnf"), "subjectAltName=IP:127.0.0.1,DNS:localhost\n");
  await openssl(folder, `req -x509 ${key} -keyout ca.key -out ca.pem -days 2 -subj /CN=anybroker-test-ca`);
  for (const [name, subject] of [
    ["server", "/CN=localhost"],
    ["client", "/CN=client"],
  ]) {
    await openssl(folder, `req ${key} -keyout ${name}.key -out ${name}.csr -subj ${subject}`);
    const sign = "-CA ca.pem -CAkey ca.key -CAcreateserial -days 2 -extfile san.cnf";
    await openssl(folder, `x509 -req -in ${name}.csr ${sign} -out ${name}.pem`);
  }
  const path = (name: string) => join(folder, name);
  return {
    ca: path("ca.pem"),
    cert: path("server.pem"),
    key: path("server.key"),
    clientCert: path("client.pem"),
    clientKey: path("client.key"),
  };
}
