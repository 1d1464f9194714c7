import { shortForm } from "./short-form.ts";

await shortForm("servicebus");
