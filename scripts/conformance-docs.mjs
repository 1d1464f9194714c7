// Writes docs/conformance.md from the suite's own data. Run it with --conditions=@anybroker/source, or after `tsc -b`.
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { conformancePage } from "../packages/conformance/src/table.ts";

const docs = join(import.meta.dirname, "../docs");
mkdirSync(docs, { recursive: true });
writeFileSync(join(docs, "conformance.md"), conformancePage());
