// The conversation: keep both logs up to date, press buttons, send forms.

import { call, here, markup, tell, toast } from "./api.js";

const logs = [["log", ""], ["thread-log", here.thread]];
let awaited = 0; // things this person has just said or pressed: their answers are shown wherever the log stands

export async function refresh() {
  await Promise.all(logs.map(([id, thread]) => update(document.getElementById(id), thread)));
}

async function update(log, thread) {
  if (!log) return;
  const query = new URLSearchParams({ as: here.as, place: here.place, thread: thread || "" });
  const fresh = await markup(`/fragment/messages?${query}`);
  const atEnd = log.scrollHeight - log.scrollTop - log.clientHeight < 120;
  const old = new Map([...log.children].map((one) => [one.dataset.key, one]));
  const wanted = [...fresh.children].map((one) => keep(old.get(one.dataset.key), one, old.size > 0));
  patch(log, wanted);
  const first = wanted.find((one) => one.classList.contains("fresh") && !old.has(one.dataset.key));
  if (atEnd || (awaited && first)) toEnd(log, first);
}

function patch(log, wanted) {
  // What stays is not moved: moving it would lose the focus and the place one reads at.
  const old = new Map([...log.children].map((one) => [one.dataset.key, one]));
  const kept = new Set(wanted);
  for (const one of wanted) {
    const before = old.get(one.dataset.key);
    if (before && before !== one) before.replaceWith(one);
  }
  for (const one of [...log.children]) if (!kept.has(one)) one.remove();
  wanted.forEach((one, at) => {
    if (log.children[at] !== one) log.insertBefore(one, log.children[at] ?? null);
  });
}

function keep(old, fresh, isLater) {
  // An unchanged message stays as it is, with the focus and the half-filled form in it.
  if (old && old.dataset.version === fresh.dataset.version) return old;
  if (isLater && fresh.dataset.id && !old) fresh.classList.add("fresh");
  return fresh;
}

export function toEnd(log, first) {
  // A message taller than the log is read from its top.
  log.scrollTop = first ? Math.min(log.scrollHeight, first.offsetTop - log.offsetTop - 12) : log.scrollHeight;
}

async function act(path, body, from) {
  const control = from.matches("form") ? from.querySelector("[type=submit]") : from;
  if (control.getAttribute("aria-busy") === "true") return null;
  const card = control.closest("[data-key]")?.dataset.key;
  control.setAttribute("aria-busy", "true"); // not disabled: that would take the focus away
  try {
    return await ask(path, body);
  } catch {
    return null;
  } finally {
    control.removeAttribute("aria-busy");
    if (!control.isConnected && document.activeElement === document.body) goOnFrom(card);
  }
}

function goOnFrom(card) {
  // The button has gone with the old state of its message: whoever works by keyboard goes on from the new one.
  const place = document.querySelector(`[data-key="${CSS.escape(card || "")}"]`);
  if (!place) return;
  place.tabIndex = -1;
  place.focus({ preventScroll: true });
}

export async function ask(path, body) {
  awaited += 1;
  try {
    return await shown(await call(path, { as: here.as, place: here.place, ...body }));
  } finally {
    awaited -= 1;
  }
}

async function shown(turn) {
  if (turn.opens) openForm(turn.opens.html);
  if (turn.answer && here.place.startsWith("home:")) location.assign(`/?as=${here.as}`);
  if (turn.answer && turn.answer.id === null) toast(turn.answer.text);
  if (turn.answer) tell(`${turn.answer.author_name}: ${turn.answer.text}`);
  if (turn.note) toast(turn.note);
  await refresh();
  return turn;
}

function openForm(html) {
  const place = document.getElementById("form-place");
  place.innerHTML = html; // made and escaped by the server
  const dialog = document.getElementById("form-dialog");
  if (!dialog.open) dialog.showModal();
  place.querySelector("input, select, textarea, button")?.focus();
}

function message(element) {
  const id = element.closest("[data-id]")?.dataset.id;
  return id ? { message: Number(id) } : {};
}

function values(form) {
  const found = {};
  for (const field of form.querySelectorAll("[data-field]")) {
    const name = field.dataset.field;
    const inputs = [...field.querySelectorAll("input, select, textarea")];
    found[name] = "multi" in field.dataset ? inputs.filter((one) => one.checked).map((one) => one.value) : inputs[0].value;
  }
  return found;
}

function showErrors(form, errors) {
  let first = null;
  for (const field of form.querySelectorAll("[data-field]")) {
    const words = errors[field.dataset.field] || "";
    const place = field.querySelector(".field-error");
    place.textContent = words;
    place.hidden = !words;
    for (const input of field.querySelectorAll("input, select, textarea")) {
      input.setAttribute("aria-invalid", String(Boolean(words)));
      if (words) first ??= input;
    }
  }
  first?.focus();
}

async function submit(form) {
  const empty = {};
  for (const field of form.querySelectorAll("[data-field]")) {
    const input = field.querySelector("[required]");
    if (input && !input.value.trim()) empty[field.dataset.field] = "Please fill this in.";
  }
  showErrors(form, empty);
  if (Object.keys(empty).length) return;
  const dialog = form.closest("dialog");
  const thread = form.closest("#thread-log") || (dialog && here.thread) ? { thread: Number(here.thread) || null } : {};
  const body = { form: form.dataset.form, ref: form.dataset.ref, values: values(form), ...thread, ...message(form) };
  const turn = await act("/api/submit", body, form);
  if (!turn) return;
  showErrors(form, turn.errors);
  if (dialog && !Object.keys(turn.errors).length && !turn.opens) dialog.close();
}

async function complete(input) {
  const words = input.value;
  const query = new URLSearchParams({ as: here.as, source: input.dataset.source, words });
  const { picks } = await call(`/api/picks?${query}`);
  if (input.value !== words) return; // a later answer is under way
  input.list.replaceChildren(...picks.map((one) => new Option("", one.label)));
}

export function listen() {
  document.addEventListener("input", (event) => {
    if (event.target.matches("[data-source]")) complete(event.target).catch(() => {}); // the reason is in the toast
  });
  document.addEventListener("click", (event) => {
    const button = event.target.closest("button[data-action]");
    if (button) act("/api/press", { action: button.dataset.action, value: button.dataset.value, ...message(button) }, button);
    const close = event.target.closest("[data-close]");
    if (close) close.closest("dialog").close();
    if (event.target.matches("dialog")) event.target.close(); // the backdrop
  });
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (form.dataset.choice) {
      event.preventDefault();
      act("/api/press", { action: form.dataset.choice, value: form.elements.value.value, ...message(form) }, form);
    }
    if (form.dataset.form) {
      event.preventDefault();
      submit(form);
    }
  });
  for (const [id] of logs) {
    const log = document.getElementById(id);
    if (log) toEnd(log);
  }
}
