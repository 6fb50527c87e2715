// Reads the published schema of Adaptive Cards and a list of cards, and says what it finds wrong in each, as JSON.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import Ajv from "ajv";
import formats from "ajv-formats";

const require = createRequire(import.meta.url);
const [, , schemaFile, cardsFile] = process.argv;
const { id, ...schema } = JSON.parse(readFileSync(schemaFile, "utf8")); // "id" is a word of a draft before the one it names
const ajv = new Ajv({ allErrors: true, strict: false, logger: false });
ajv.addMetaSchema(require("ajv/dist/refs/json-schema-draft-06.json"));
formats(ajv);
const validate = ajv.compile(schema);
const found = JSON.parse(readFileSync(cardsFile, "utf8")).map((card) => {
  validate(card);
  return (validate.errors || []).map((one) => `${one.instancePath} ${one.message} ${JSON.stringify(one.params)}`);
});
process.stdout.write(JSON.stringify(found));
