// npm run docs: brings the generated pages up to date.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { ROOT } from "../repository.ts";
import { PAGES, upToDate } from "./pages.ts";

for (const page of PAGES) writeFileSync(join(ROOT, page), upToDate(page));
