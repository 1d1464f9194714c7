// npm run docs: writes the parts of the documents that are made from the code.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { DOCUMENTS, ROOT, upToDate } from "../test/generated.ts";

for (const document of DOCUMENTS) writeFileSync(join(ROOT, document), upToDate(document));
