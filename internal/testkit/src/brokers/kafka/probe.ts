import { Admin } from "@platformatic/kafka";

/** Resolves when the server is ready to be used: its cluster has a controller. */
export async function probe(url: string): Promise<void> {
  const { host } = new URL(url.replace(/^kafka:/, "http:"));
  const admin = new Admin({ clientId: "tests", bootstrapBrokers: [host], retries: false });
  try {
    const { controllerId } = await admin.metadata({ topics: [] });
    if (controllerId < 0) throw new Error("the cluster has no controller yet");
  } finally {
    await admin.close();
  }
}
