import { RECEIVING } from "./receiving.ts";
import { seeThrough } from "./see-through.ts";

seeThrough(RECEIVING);
