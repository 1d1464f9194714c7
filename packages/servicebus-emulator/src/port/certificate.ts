import { generate } from "selfsigned";

/** A certificate and its private key, both in PEM. */
export interface Certificate {
  readonly cert: string;
  readonly key: string;
}

const DNS_NAME = 2;
const IP_ADDRESS = 7;

/** Makes a self-signed certificate for this machine and a host. */
export async function selfSignedCertificate(host: string): Promise<Certificate> {
  const isAddress = /^[\d.]+$|:/.test(host);
  const { cert, private: key } = await generate([{ name: "commonName", value: "localhost" }], {
    keyType: "ec",
    algorithm: "sha256",
    extensions: [
      { name: "basicConstraints", cA: true },
      {
        name: "subjectAltName",
        altNames: [
          { type: DNS_NAME, value: "localhost" },
          { type: IP_ADDRESS, ip: "127.0.0.1" },
          { type: IP_ADDRESS, ip: "::1" },
          isAddress ? { type: IP_ADDRESS, ip: host } : { type: DNS_NAME, value: host },
        ],
      },
    ],
  });
  return { cert, key };
}
