#!/usr/bin/env node
import { main } from "@anybroker/conformance";

process.exitCode = await main(process.argv.slice(2));
