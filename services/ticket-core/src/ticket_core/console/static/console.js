// What happens while the page is open: the event stream says that a case changed, the server says what it looks like
// now. Nothing that an agent has typed or is reading moves: rows are replaced in place, entries are added below.
(() => {
  "use strict";
  const live = document.getElementById("live");
  if (!live) return;

  const changed = new Map(); // case number -> timer
  const gather = 120; // ms: a burst about one case is one request
  let stream = null;

  // A part that could not be fetched is fetched with the next change; the status says that we are away.
  const missed = (error) => console.warn("kawal: a part could not be refreshed", error);

  const list = () => document.getElementById("list");
  const rows = () => document.getElementById("rows");
  const openCase = () => document.querySelector("article.case");

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

  // --- the list ---

  async function refreshRow(number) {
    const { place, q } = list().dataset;
    if (q) return; // a search stands still until it is asked again
    const html = await part(`/console/rows/${number}?place=${encodeURIComponent(place)}`);
    const before = document.getElementById(`row-${number}`);
    if (!html) {
      before?.remove();
      return;
    }
    const row = fragment(html).querySelector(".case-row");
    row.classList.add("case-row--changed");
    const scrolled = list().scrollTop;
    const focused = before?.contains(document.activeElement);
    const height = before ? 0 : 1;
    before?.remove();
    rows().prepend(row);
    htmx.process(row);
    markOpen();
    if (focused) row.querySelector("a").focus({ preventScroll: true });
    // What the agent looks at stays where it is.
    if (scrolled > 0) list().scrollTop = scrolled + height * row.offsetHeight;
  }

  function markOpen() {
    const number = openCase()?.dataset.number;
    document.querySelectorAll(".case-row__link").forEach((link) => {
      if (link.parentElement.dataset.number === number) link.setAttribute("aria-current", "true");
      else link.removeAttribute("aria-current");
    });
    document.querySelector(".desk")?.classList.toggle("desk--case", Boolean(number));
  }

  async function refreshList() {
    const { place, q } = list().dataset;
    const html = await part(`/console/list?place=${encodeURIComponent(place)}&q=${encodeURIComponent(q)}`);
    const fresh = fragment(html).firstElementChild;
    const scrolled = list().scrollTop;
    list().replaceWith(fresh);
    htmx.process(fresh);
    fresh.scrollTop = scrolled;
    markOpen();
  }

  // --- the case ---

  const scroller = () => document.getElementById("timeline-scroll");
  const atEnd = () => {
    const box = scroller();
    return box.scrollHeight - box.scrollTop - box.clientHeight < 80;
  };
  const toEnd = () => {
    const box = scroller();
    if (box) box.scrollTop = box.scrollHeight;
    const hint = document.getElementById("new-below");
    if (hint) hint.hidden = true;
  };

  let catchingUp = Promise.resolve();

  function refreshCase(number) {
    catchingUp = catchingUp.then(() => addEntries(number)).catch(missed);
    return catchingUp;
  }

  async function addEntries(number) {
    const article = openCase();
    if (article?.dataset.number !== number) return;
    const content = fragment(await part(`/console/cases/${number}/entries?after=${article.dataset.lastSeq}`));
    if (openCase() !== article) return;
    const follow = atEnd();
    const timeline = document.getElementById("timeline");
    content.querySelectorAll("[data-replaces]").forEach((holder) => {
      document.getElementById(`entry-${holder.dataset.replaces}`)?.replaceWith(holder.firstElementChild);
    });
    let added = false;
    [...content.children].filter((one) => one.matches(".entry")).forEach((entry) => {
      if (document.getElementById(entry.id)) return;
      timeline.append(entry);
      added = true;
    });
    const { lastSeq, more } = content.querySelector("template").dataset;
    article.dataset.lastSeq = lastSeq;
    if (more !== undefined) await addEntries(number);
    if (!added) return;
    if (follow) toEnd();
    else document.getElementById("new-below").hidden = false;
    await refreshAround(number);
  }

  async function refreshAround(number) {
    const fresh = fragment(await part(`/console/cases/${number}/around`));
    if (openCase()?.dataset.number !== number) return;
    replace("case-head", fresh);
    replace("person", fresh);
    // The way of an answer that is being written stays as the agent has seen it; others are only added.
    const by = document.getElementById("answer-by");
    const meant = by.dataset.chosen || document.querySelector("#composer textarea").value;
    const chosen = meant && by.querySelector("[name]")?.value;
    if (chosen) choose(fresh.getElementById("answer-by"), chosen);
    replace("answer-by", fresh);
  }

  function replace(id, content) {
    const before = document.getElementById(id);
    const fresh = content.getElementById(id);
    if (!before || !fresh || before.contains(document.activeElement)) return;
    before.replaceWith(fresh);
    htmx.process(fresh);
  }

  function choose(answerBy, conversation) {
    answerBy.dataset.chosen = "true";
    for (const option of answerBy.querySelectorAll("option")) option.selected = option.value === conversation;
  }

  document.addEventListener("change", (event) => {
    if (event.target.id === "conversation") event.target.parentElement.dataset.chosen = "true";
  });

  // --- drafts: what was typed survives a reload and a crash ---

  const draftKey = (box) => `kawal.draft.${box.dataset.draft}`;

  function restoreDraft() {
    const box = document.querySelector("textarea[data-draft]");
    if (box && !box.value) box.value = localStorage.getItem(draftKey(box)) ?? "";
  }

  document.addEventListener("input", (event) => {
    if (event.target.matches?.("textarea[data-draft]")) localStorage.setItem(draftKey(event.target), event.target.value);
  });

  document.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey) && event.target.matches?.("textarea[data-draft]")) {
      event.preventDefault();
      event.target.form.requestSubmit();
    }
  });

  document.addEventListener("click", (event) => {
    if (event.target.id === "new-below") toEnd();
  });

  // --- htmx tells what it has put into the page ---

  document.addEventListener("htmx:beforeRequest", (event) => {
    if (event.detail.elt.id === "composer") event.detail.elt.setAttribute("aria-busy", "true");
  });

  document.addEventListener("htmx:afterSwap", (event) => {
    const target = event.detail.target.id;
    if (target === "case") {
      markOpen();
      restoreDraft();
      toEnd();
      document.getElementById("text")?.focus({ preventScroll: true });
    }
    if (target === "composer") {
      const box = document.querySelector("textarea[data-draft]");
      if (!box.value) localStorage.removeItem(draftKey(box));
      box.focus({ preventScroll: true });
      refreshCase(openCase().dataset.number);
    }
  });

  // A refused request must say so: htmx swaps nothing on an error.
  document.addEventListener("htmx:sendError", () => say("off"));

  // --- the stream ---

  function say(state) {
    live.dataset.state = state;
    live.textContent = live.dataset[state];
  }

  function noteChange(number) {
    if (changed.has(number)) return;
    changed.set(number, setTimeout(() => {
      changed.delete(number);
      refreshRow(number).catch(missed);
      if (openCase()?.dataset.number === number) refreshCase(number);
    }, gather));
  }

  function listen() {
    say("connecting");
    stream = new EventSource("/v1/events");
    let wasAway = false;
    stream.addEventListener("open", () => {
      say("on");
      if (!wasAway) return;
      // The browser went on at the last event it saw; the lists are asked again all the same.
      wasAway = false;
      refreshList().catch(missed);
      const article = openCase();
      if (article) refreshCase(article.dataset.number);
    });
    stream.addEventListener("entry", (event) => noteChange(JSON.parse(event.data).number));
    stream.addEventListener("error", () => {
      say("off");
      wasAway = true;
      // A browser gives up after an answer that is no stream, for example while the server restarts.
      if (stream.readyState === EventSource.CLOSED) setTimeout(listen, 2000);
    });
  }

  // --- clocks ---

  function tick() {
    const { minutes, hours, days } = document.body.dataset;
    document.querySelectorAll("time[data-since]").forEach((time) => {
      const passed = Math.max(0, Math.floor((Date.now() - Date.parse(time.dateTime)) / 60000));
      const [words, count] = passed >= 1440 ? [days, Math.floor(passed / 1440)] : passed >= 60 ? [hours, Math.floor(passed / 60)] : [minutes, passed];
      time.textContent = words.replace("#", count);
    });
  }

  restoreDraft();
  if (openCase()) toEnd();
  setInterval(tick, 30000);
  listen();
  window.addEventListener("pagehide", () => stream?.close());
  window.addEventListener("pageshow", (event) => {
    if (event.persisted) listen();
  });
})();
