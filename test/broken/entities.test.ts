import { ENTITIES } from "./entities.ts";
import { seeThrough } from "./see-through.ts";

seeThrough(ENTITIES);
