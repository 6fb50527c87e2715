// The page: listen to people and to the playground.

import { here, tell } from "./api.js";
import * as clock from "./clock.js";
import * as composer from "./composer.js";
import * as inspector from "./inspector.js";
import * as talk from "./talk.js";

document.documentElement.classList.add("scripted");

// The token came in the address once and is a cookie now: keep it out of the history and of what people copy.
const address = new URL(location.href);
if (address.searchParams.has("token")) {
  address.searchParams.delete("token");
  history.replaceState(null, "", address);
}

// ---- unread marks: the newest message somebody has seen of a place is kept in this browser

const seen = (place) => `seen ${here.as} ${place}`;
const links = [...document.querySelectorAll("#side a[data-place]")];

function read(place, id) {
  if (Number(id) > Number(localStorage.getItem(seen(place)) || 0)) localStorage.setItem(seen(place), id);
}

function mark(link) {
  const isHere = link.dataset.place === here.place;
  if (isHere) read(here.place, link.dataset.newest);
  link.querySelector(".unread").hidden = isHere || Number(link.dataset.newest) <= Number(localStorage.getItem(seen(link.dataset.place)) || 0);
}

links.forEach(mark);

// ---- what happens in the playground

let refreshing;
function refreshSoon() {
  // A run of the clock brings many messages at once: one update for all of them.
  refreshing ??= setTimeout(() => {
    refreshing = undefined;
    talk.refresh().catch(() => {});
  }, 120);
}

function arrived(event) {
  const message = JSON.parse(event.data);
  const link = links.find((one) => one.dataset.place === message.place);
  if (link && message.id > Number(link.dataset.newest)) link.dataset.newest = message.id;
  if (link) mark(link);
  if (message.place === here.place) refreshSoon();
  if (!message.author && event.type === "message") tell(`${message.place === here.place ? "" : `In ${message.place}: `}${message.summary}`);
}

const events = new EventSource(`/api/events?as=${encodeURIComponent(here.as)}`);
for (const name of ["message", "private", "update"]) events.addEventListener(name, arrived);
events.addEventListener("clock", (event) => clock.show(JSON.parse(event.data)));
let broken = false;
events.addEventListener("error", () => { broken = true; });
events.addEventListener("open", () => {
  if (broken) refreshSoon();
  broken = false;
});

// ---- people

const who = document.getElementById("who");
who.addEventListener("change", () => {
  const place = here.place.includes(":") ? "" : `&place=${encodeURIComponent(here.place)}`;
  location.assign(`/?as=${encodeURIComponent(who.value)}${place}`);
});

document.addEventListener("keydown", (event) => {
  const close = document.getElementById("close-thread");
  if (event.key === "Escape" && close && !document.querySelector("dialog[open], [popover]:popover-open")) close.click();
});

talk.listen();
clock.listen();
inspector.listen();
composer.start().catch(() => {});
