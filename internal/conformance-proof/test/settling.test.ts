import { SETTLING } from "../src/broken/settling.ts";
import { suiteNotices } from "./notices.ts";

suiteNotices(SETTLING);
