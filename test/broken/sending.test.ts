import { seeThrough } from "./see-through.ts";
import { SENDING } from "./sending.ts";

seeThrough(SENDING);
