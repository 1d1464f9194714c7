// Copies files to the remote folder, chunk by chunk. It may crash at any time. A partial copy is named by the hash of
// the content, so that the next worker continues it, and a job that is delivered twice does no harm.
import { open, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { hashOf, sizeOf } from "../files.ts";
import { serve } from "../serve.ts";
import { changeId, type FileChanged, type Service, type Settings, uploads } from "../service.ts";

const CHUNK = 128 * 1024;
/** Simulates a slow network, so that there is something to watch. */
const MS_PER_CHUNK = 60;

export const worker: Service = async (broker, settings, emit, signal) => {
  const consumer = await uploads(broker).consume(
    async (message) => {
      const { body, headers, redelivered } = message;
      if (headers.run !== settings.run) return;
      const at = { id: changeId(body), path: body.path, size: body.size };
      if (redelivered) emit({ type: "received-again", ...at, done: await sizeOf(partOf(body, settings)) });
      const progress = (done: number): void => emit({ type: "uploading", ...at, done });
      emit({ type: "uploaded", ...at, note: await upload(body, settings, progress, message.signal) });
    },
    // Without prefetched jobs a crash affects only the current one.
    { signal, prefetch: 1, drainTimeout: 2_000, onError: (error) => emit({ type: "trouble", reason: String(error) }) },
  );
  emit({ type: "ready" });
  const reason = await consumer.closed;
  if (reason) throw reason;
};

const partOf = ({ hash }: FileChanged, { remote }: Settings): string => join(remote, `.${hash}.part`);

async function upload(
  change: FileChanged,
  settings: Settings,
  progress: (done: number) => void,
  signal: AbortSignal,
): Promise<string> {
  const source = join(settings.folder, change.path);
  const target = join(settings.remote, change.path);
  const part = partOf(change, settings);
  if ((await hashOf(target)) === change.hash) return "is there already";
  if ((await hashOf(source)) !== change.hash) return "has changed since; a newer job follows";
  await copy(source, part, progress, signal);
  if ((await hashOf(part)) !== change.hash) {
    await rm(part);
    throw new Error(`the copy of ${change.path} differs`);
  }
  await rename(part, target);
  return "uploaded";
}

async function copy(
  source: string,
  part: string,
  progress: (done: number) => void,
  signal: AbortSignal,
): Promise<void> {
  await using from = await open(source);
  await using to = await open(part, "a");
  const buffer = Buffer.alloc(CHUNK);
  let done = (await to.stat()).size;
  while (true) {
    const { bytesRead } = await from.read(buffer, 0, CHUNK, done);
    if (bytesRead === 0) return;
    signal.throwIfAborted();
    await to.write(buffer, 0, bytesRead);
    done += bytesRead;
    progress(done);
    await sleep(MS_PER_CHUNK, undefined, { signal });
  }
}

if (import.meta.main) await serve(worker);
