import { REMOVAL } from "../src/broken/removal.ts";
import { suiteNotices } from "./notices.ts";

suiteNotices(REMOVAL);
