// Notifies people about every change.
import { serve } from "../serve.ts";
import { changeId, fileChanges, type Service } from "../service.ts";

export const notifier: Service = async (broker, { run }, emit, signal) => {
  const consumer = await fileChanges(broker).subscribe(
    "notifier",
    ({ body, headers }) => {
      if (headers.run !== run) return;
      emit({ type: "notified", id: changeId(body), path: body.path, size: body.size });
    },
    { signal, onError: (error) => emit({ type: "trouble", reason: String(error) }) },
  );
  emit({ type: "ready" });
  const reason = await consumer.closed;
  if (reason) throw reason;
};

if (import.meta.main) await serve(notifier);
