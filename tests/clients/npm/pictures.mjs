// Reads a JSON file of [{name, blocks}] and writes one HTML page on which every screen stands as Slack shows it.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { createElement } from "react";
import { renderToStaticMarkup } from "react-dom/server";
import { Message } from "slack-blocks-to-jsx";

const require = createRequire(import.meta.url);
const css = readFileSync(require.resolve("slack-blocks-to-jsx/dist/style.css"), "utf8");
// The library takes "verbatim" for plain text; Slack still reads bold and code in it, and only leaves bare addresses alone.
const screens = JSON.parse(readFileSync(process.argv[2], "utf8"), (key, value) => (key === "verbatim" ? undefined : value));
const shown = screens.map(({ name, blocks }) => {
  const message = createElement(Message, {
    blocks, logo: "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg'/%3E", name: "MLOps coach", time: new Date(Date.UTC(2026, 10, 2, 8)), showBlockKitDebug: false,
    hooks: { user: (id) => createElement("span", {}, `@${id}`) },
  });
  return `<section id="${name}"><h2>${name}</h2>${renderToStaticMarkup(message)}</section>`;
});
process.stdout.write(`<!doctype html><meta charset=utf-8><style>${css}
body { font: 15px Lato, sans-serif; margin: 0 } section { width: 640px; padding: 12px } h2 { font: 11px monospace; color: #888 }
</style>${shown.join("\n")}`);
