// What every page has in common: the event stream that says what changed, and how many cases need somebody.
//
// Other scripts hear of it by events of the document: `kawal:entry` (its `detail` is the entry), `kawal:<kind>` for
// each kind of entry, and `kawal:back` after a time in which entries were missed.
(() => {
  "use strict";
  const live = document.getElementById("live");
  if (!live) return;

  const counted = 10000; // ms: how often the number of cases to do is asked for, at most
  let stream = null;
  let wasAway = false;

  // A part that could not be fetched is fetched with the next change; the status says that we are away.
  const missed = (error) => console.warn("kawal: a part could not be refreshed", error);
  const pause = (time) => new Promise((resolve) => setTimeout(resolve, time));

  async function part(url) {
    const response = await fetch(url, { headers: { "HX-Request": "true" }, credentials: "same-origin" });
    if (response.status === 401) location.assign("/console/sign-in?next=" + encodeURIComponent(location.pathname + location.search));
    if (!response.ok) throw new Error(String(response.status));
    return response.status === 204 ? "" : response.text();
  }

  function fragment(html) {
    const holder = document.createElement("template");
    holder.innerHTML = html;
    return holder.content;
  }

  window.kawal = { missed, pause, part, fragment };

  // --- how many need somebody ---

  let counting = false;

  async function refreshCount() {
    if (counting) return;
    counting = true;
    await pause(counted);
    counting = false;
    document.getElementById("active-count").textContent = await part("/console/count");
  }

  const heard = (name, detail) => document.dispatchEvent(new CustomEvent(name, { detail }));

  document.addEventListener("kawal:entry", () => refreshCount().catch(missed));
  document.addEventListener("kawal:back", () => refreshCount().catch(missed));

  // A request that failed must say so: htmx swaps nothing then. What is only asked for again and again may fail.
  function sayFailed(is, event) {
    if (event.detail.requestConfig?.triggeringEvent) document.getElementById("failed").hidden = !is;
  }

  document.addEventListener("htmx:beforeRequest", (event) => sayFailed(false, event));
  for (const failure of ["htmx:sendError", "htmx:responseError", "htmx:timeout"]) {
    document.addEventListener(failure, (event) => sayFailed(true, event));
  }

  // --- the stream ---

  function say(state) {
    live.dataset.state = state;
    live.textContent = live.dataset[state];
  }

  function hear(event) {
    const entry = JSON.parse(event.data);
    heard("kawal:entry", entry);
    heard(`kawal:${entry.kind}`, entry);
  }

  // `after` is where the page was read. A later stream begins at its own moment, and what was missed is asked for.
  function listen(after) {
    say("connecting");
    stream = new EventSource(after ? `/v1/events?after=${encodeURIComponent(after)}` : "/v1/events");
    stream.addEventListener("open", () => {
      say("on");
      if (!wasAway) return;
      wasAway = false;
      heard("kawal:back");
    });
    stream.addEventListener("entry", hear);
    stream.addEventListener("error", () => {
      say("off");
      wasAway = true;
      if (stream.readyState !== EventSource.CLOSED) return;
      // A browser gives up after an answer that is no stream: the server restarts, or the session is over. Asking for
      // something tells which, and leads to the door.
      setTimeout(() => {
        listen();
        part("/console/count").catch(missed);
      }, 2000);
    });
  }

  // A menu is left by a click elsewhere or Escape, as people expect.
  const closeMenus = (but) => document.querySelectorAll(".menu[open]").forEach((menu) => menu.contains(but) || menu.removeAttribute("open"));
  document.addEventListener("click", (event) => closeMenus(event.target));
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    const inside = document.activeElement?.closest(".menu[open]");
    closeMenus(null);
    inside?.querySelector("summary").focus();
  });

  // Once the scripts behind this one listen, too.
  document.addEventListener("DOMContentLoaded", () => listen(live.dataset.after));
  window.addEventListener("pagehide", () => stream?.close());
  window.addEventListener("pageshow", (event) => {
    if (!event.persisted) return;
    wasAway = true;
    listen();
  });
})();
