// The inspector: one message as Slack Block Kit, as a Teams card, and in our own words.

import { call, here, toast } from "./api.js";

const drawer = document.getElementById("inspector");
const tabs = drawer.querySelector(".tabs");
const json = document.getElementById("inspector-json");
let shown = {};

function choose(name, focus) {
  for (const tab of tabs.children) {
    const on = tab.dataset.name === name;
    tab.setAttribute("aria-selected", String(on));
    tab.tabIndex = on ? 0 : -1;
    if (on && focus) tab.focus();
  }
  json.textContent = shown[name].text;
  json.setAttribute("aria-label", `${name} JSON`);
  document.getElementById("inspector-size").textContent = `${shown[name].text.split("\n").length} lines${shown[name].size}`;
}

async function open(id) {
  const found = await call(`/api/message/${id}/inspect?as=${encodeURIComponent(here.as)}`);
  const all = { ...found.platforms, neutral: found.neutral };
  shown = {};
  for (const [name, value] of Object.entries(all)) {
    const size = found.bytes[name] ? `, ${found.bytes[name].toLocaleString("en")} bytes` : "";
    shown[name] = { text: JSON.stringify(value, null, 2), size };
  }
  tabs.replaceChildren(...Object.keys(shown).map(tab));
  choose(Object.keys(shown)[0], false);
  drawer.showModal();
}

function tab(name) {
  const made = document.createElement("button");
  made.type = "button";
  made.textContent = name;
  made.dataset.name = name;
  made.setAttribute("role", "tab");
  made.setAttribute("aria-controls", "inspector-json");
  return made;
}

export function listen() {
  document.addEventListener("click", (event) => {
    const id = event.target.closest("[data-inspect]")?.dataset.inspect;
    if (id) open(id).catch(() => {});
  });
  tabs.addEventListener("click", (event) => {
    const name = event.target.closest("[data-name]")?.dataset.name;
    if (name) choose(name, false);
  });
  tabs.addEventListener("keydown", (event) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!step) return;
    const names = Object.keys(shown);
    const at = names.findIndex((_, number) => tabs.children[number].getAttribute("aria-selected") === "true");
    choose(names[(at + step + names.length) % names.length], true);
  });
  document.getElementById("copy").addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(json.textContent);
      toast("Copied.");
    } catch {
      getSelection().selectAllChildren(json);
      toast("Selected: copy it with your keyboard.");
    }
  });
}
