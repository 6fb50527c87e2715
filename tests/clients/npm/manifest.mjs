// Reads a manifest of a Teams app and says what the published schema of the version it names finds wrong, as JSON.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import Ajv from "ajv-draft-04";
import formats from "ajv-formats";

const require = createRequire(import.meta.url);
const made = JSON.parse(readFileSync(process.argv[2], "utf8"));
const package_ = require.resolve("@microsoft/app-manifest");
const schemas = `${package_.slice(0, package_.indexOf("app-manifest/") + "app-manifest/".length)}build/json-schemas/teams`;
const schema = JSON.parse(readFileSync(`${schemas}/v${made.manifestVersion}/MicrosoftTeams.schema.json`, "utf8"));
const ajv = new Ajv({ allErrors: true, strict: false });
formats(ajv);
const validate = ajv.compile(schema);
validate(made);
process.stdout.write(JSON.stringify((validate.errors || []).map((one) => `${one.instancePath} ${one.message}`)));
