// Tells people about every change.
import { serve } from "../serve.ts";
import { changeId, fileChanges, type Service } from "../service.ts";

export const notifier: Service = async (broker, { run }, tell, signal) => {
  const consumer = await fileChanges(broker).subscribe(
    "notifier",
    ({ body, headers }) => {
      if (headers.run !== run) return;
      tell({ type: "notified", id: changeId(body), path: body.path, size: body.size });
    },
    { signal, onError: (error) => tell({ type: "trouble", reason: String(error) }) },
  );
  tell({ type: "ready" });
  const reason = await consumer.closed;
  if (reason) throw reason;
};

if (import.meta.main) await serve(notifier);
