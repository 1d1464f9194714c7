import { seeThrough } from "./see-through.ts";
import { SETTLING } from "./settling.ts";

seeThrough(SETTLING);
