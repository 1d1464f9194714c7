import { Admin } from "@platformatic/kafka";

/** Resolves when the server's cluster has a controller: it can then be used. */
export async function answers(url: string): Promise<void> {
  const { host } = new URL(url.replace(/^kafka:/, "http:"));
  const admin = new Admin({ clientId: "tests", bootstrapBrokers: [host], retries: false });
  try {
    const { controllerId } = await admin.metadata({ topics: [] });
    if (controllerId < 0) throw new Error("the cluster has no controller yet");
  } finally {
    await admin.close();
  }
}
