// Watches a folder. For every changed file it publishes an event, and sends a job for one of the workers.
import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { hashOf } from "../files.ts";
import { serve } from "../serve.ts";
import { changeId, type FileChanged, fileChanges, type Service, uploads } from "../service.ts";

const SCAN_INTERVAL = 100;

export const watcher: Service = async (broker, { folder, run }, emit, signal) => {
  const topic = fileChanges(broker);
  const queue = uploads(broker);
  emit({ type: "ready" });
  for await (const change of changes(folder, signal)) {
    const id = changeId(change);
    const options = { id, key: change.path, headers: { run } };
    emit({ type: "noticed", id, path: change.path, size: change.size });
    // Both resolve when the broker has stored the message. After a crash before that, the next scan finds the file again.
    await Promise.all([topic.publish(change, options), queue.send(change, options)]);
    emit({ type: "published", id, path: change.path, size: change.size });
  }
};

/** Yields files with new content, once they have not changed between two scans. */
async function* changes(folder: string, signal: AbortSignal): AsyncGenerator<FileChanged> {
  const stamps = new Map<string, string>();
  const hashes = new Map<string, string>();
  while (!signal.aborted) {
    for (const path of await readdir(folder)) {
      const { size, mtimeMs } = await stat(join(folder, path));
      const stamp = `${size} ${mtimeMs}`;
      const unchanged = stamps.get(path) === stamp;
      stamps.set(path, stamp);
      if (!unchanged || hashes.get(path)?.startsWith(`${stamp} `)) continue;
      const hash = await hashOf(join(folder, path));
      if (hash === undefined) continue;
      const known = hashes.get(path)?.endsWith(hash);
      hashes.set(path, `${stamp} ${hash}`);
      if (!known) yield { path, size, hash };
    }
    await sleep(SCAN_INTERVAL, undefined, { signal }).catch(() => undefined);
  }
}

if (import.meta.main) await serve(watcher);
