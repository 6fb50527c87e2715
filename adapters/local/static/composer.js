// The message box: Enter sends, and commands complete as one types.

import { call, here } from "./api.js";
import { ask } from "./talk.js";

const PREFIX = /^(\/mlops\s+|@coach\s+)/i;
let commands = [];

export async function start() {
  for (const form of document.querySelectorAll(".composer")) listen(form);
  commands = (await call("/api/commands")).commands;
}

function listen(form) {
  const text = form.querySelector("textarea");
  const list = form.querySelector(".completion");
  let chosen = -1;

  function close() {
    list.hidden = true;
    chosen = -1;
    text.setAttribute("aria-expanded", "false");
    text.removeAttribute("aria-activedescendant");
  }

  function mark(at) {
    chosen = at;
    [...list.children].forEach((one, number) => one.setAttribute("aria-selected", String(number === at)));
    const one = list.children[at];
    if (one) {
      text.setAttribute("aria-activedescendant", one.id);
      one.scrollIntoView({ block: "nearest" });
    } else text.removeAttribute("aria-activedescendant");
  }

  function take(at) {
    const prefix = text.value.match(PREFIX)?.[0] || "";
    text.value = `${prefix}${list.children[at].dataset.name} `;
    close();
    text.focus();
  }

  function offer() {
    const found = matching(text.value);
    if (!found.length) return close();
    list.replaceChildren(...found.map((one, at) => option(one, `${list.id}-${at}`)));
    list.hidden = false;
    text.setAttribute("aria-expanded", "true");
    mark(-1);
  }

  async function send() {
    const words = text.value.trim();
    if (!words) return;
    close();
    text.value = "";
    const thread = Number(form.dataset.thread) || null;
    try {
      await ask("/api/say", { text: words, thread });
    } catch {
      if (!text.value) text.value = words; // nothing typed is lost
    }
  }

  text.addEventListener("input", offer);
  text.addEventListener("blur", () => setTimeout(close, 150));
  list.addEventListener("mousedown", (event) => {
    const one = event.target.closest("li");
    event.preventDefault();
    if (one) take([...list.children].indexOf(one));
  });
  text.addEventListener("keydown", (event) => {
    const open = !list.hidden;
    if (open && (event.key === "ArrowDown" || event.key === "ArrowUp")) {
      event.preventDefault();
      const total = list.children.length;
      mark(event.key === "ArrowDown" ? (chosen + 1) % total : (Math.max(chosen, 0) + total - 1) % total);
    } else if (open && event.key === "Tab" && !event.shiftKey) {
      event.preventDefault();
      take(Math.max(chosen, 0));
    } else if (open && event.key === "Escape") {
      event.stopPropagation();
      close();
    } else if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
      event.preventDefault();
      if (open && chosen >= 0) take(chosen);
      else send();
    }
  });
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    send();
  });
}

function matching(typed) {
  const direct = here.place.startsWith("dm:");
  if (!direct && !PREFIX.test(typed)) return [];
  const words = typed.replace(PREFIX, "").toLowerCase();
  if (!words && direct) return [];
  return commands.filter((one) => one.name.startsWith(words) && one.name !== words.trim()).slice(0, 8);
}

function option(one, id) {
  const item = document.createElement("li");
  item.id = id;
  item.setAttribute("role", "option");
  item.dataset.name = one.name;
  const name = document.createElement("b");
  name.textContent = `${one.name} ${one.arguments}`.trim();
  const words = document.createElement("span");
  words.textContent = one.summary;
  item.append(name, words);
  return item;
}
