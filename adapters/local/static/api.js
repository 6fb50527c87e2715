// Calls to the playground's API; what goes wrong is said in a toast and thrown.

export const here = document.body.dataset;

export async function call(path, body) {
  const options = body === undefined ? {} : { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body) };
  let answer;
  try {
    answer = await fetch(path, options);
  } catch {
    toast("The playground does not answer. Is it still running?");
    throw new Error("no answer");
  }
  const found = await answer.json();
  if (!answer.ok) {
    toast(`${found.error} ${found.what_to_do}`);
    throw new Error(found.error);
  }
  return found;
}

export async function markup(path) {
  const answer = await fetch(path);
  if (!answer.ok) throw new Error(path);
  const made = document.createElement("template");
  made.innerHTML = await answer.text();
  return made.content;
}

let hiding;
export function toast(words) {
  const place = document.getElementById("toast");
  place.textContent = words;
  place.classList.add("shown");
  clearTimeout(hiding);
  hiding = setTimeout(() => place.classList.remove("shown"), 6000);
}

export function tell(words) {
  // What a screen reader says of new messages; old lines go, so that the log does not grow for ever.
  const live = document.getElementById("live");
  const line = document.createElement("p");
  line.textContent = words;
  live.append(line);
  while (live.children.length > 20) live.firstChild.remove();
}
