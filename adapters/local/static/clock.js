// The clock bar: show the playground's now in the viewer's zone, move it, follow a run, stop it.

import { call, here, tell, toast } from "./api.js";

const parts = (id) => document.getElementById(id);

function inZone(iso, options) {
  return new Intl.DateTimeFormat("en-GB", { timeZone: here.zone, ...options }).format(new Date(iso));
}

export function show(state) {
  const now = parts("now");
  now.dateTime = state.now;
  now.querySelector("strong").textContent = inZone(state.now, { hour: "2-digit", minute: "2-digit", hour12: false });
  const date = inZone(state.now, { weekday: "short", day: "numeric", month: "short", year: "numeric" });
  now.querySelector("span").textContent = date.replace(/^(\w+),/, "$1");
  const wasRunning = !parts("running").hidden;
  parts("moves").hidden = state.running;
  parts("running").hidden = !state.running;
  parts("running-share").value = state.share;
  if (state.running) {
    const until = inZone(state.run_until, { weekday: "short", day: "numeric", month: "short", hour: "2-digit", minute: "2-digit" });
    parts("running-words").textContent = `To ${until}, ${state.sent} sent`;
    if (!wasRunning && document.activeElement === document.body) parts("stop").focus();
  } else if (wasRunning) {
    if (state.problem) toast(state.problem);
    tell(`The clock stands at ${now.textContent}. ${state.sent} messages were sent.`);
  }
}

export function listen() {
  parts("moves").addEventListener("click", async (event) => {
    const to = event.target.closest("[data-to]")?.dataset.to;
    if (!to) return;
    try {
      show(await call("/api/clock", { to, as: here.as }));
    } catch {
      // the reason is in the toast
    }
  });
  parts("stop").addEventListener("click", async () => show(await call("/api/clock/stop", {})));
}
