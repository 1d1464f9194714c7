// Counts the words of every text file, as a search index would.
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { serve } from "../serve.ts";
import { changeId, fileChanges, type Service } from "../service.ts";

export const indexer: Service = async (broker, { folder, run, fixed }, emit, signal) => {
  const consumer = await fileChanges(broker).subscribe(
    "indexer",
    async ({ body, headers }) => {
      if (headers.run !== run) return;
      const text = body.path.endsWith(".txt") ? decode(await readFile(join(folder, body.path)), fixed) : "";
      emit({ type: "indexed", id: changeId(body), path: body.path, words: text.split(/\s+/).filter(Boolean).length });
    },
    {
      signal,
      // Three attempts, half a second and then a second apart. After that the event goes to the dead letters.
      retry: { attempts: 3, backoff: { initial: 500, factor: 2, jitter: 0 } },
      onError: (error, message) => {
        const reason = error instanceof Error ? error.message : String(error);
        if (message === undefined) emit({ type: "trouble", reason });
        else emit({ type: "failed", path: String(message.key), attempt: message.attempt, reason });
      },
    },
  );
  emit({ type: "ready" });
  const reason = await consumer.closed;
  if (reason) throw reason;
};

/** The bug of this demo: text that is not UTF-8 makes it throw. The fixed indexer reads old Latin-1 files too. */
function decode(bytes: Uint8Array, fixed: boolean): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    if (fixed) return new TextDecoder("latin1").decode(bytes);
    throw new Error("the text is not UTF-8");
  }
}

if (import.meta.main) await serve(indexer);
