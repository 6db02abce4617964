// What happens while the page is open: the event stream says that a case changed, the server says what it looks like
// now. Nothing that an agent has typed or is reading moves: rows are replaced in place, entries are added below.
(() => {
  "use strict";
  if (!document.getElementById("live")) return;
  const { missed, pause, part, fragment } = window.kawal;

  const changed = new Map(); // number of a case that is being refreshed -> whether it changed again meanwhile
  const gather = 120; // ms: a burst about one case is one request

  const list = () => document.getElementById("list");
  const rows = () => document.getElementById("rows");
  const openCase = () => document.querySelector("article.case");

  // --- the list ---

  async function refreshRow(number) {
    const shown = list();
    const { place, q } = shown.dataset;
    if (q) return; // a search stands still until it is asked again
    const html = await part(`/console/rows/${number}?place=${encodeURIComponent(place)}`);
    if (list() !== shown) return; // another list was asked for meanwhile
    const before = document.getElementById(`row-${number}`);
    keepingPlace(before, () => {
      if (html) putRow(fragment(html).querySelector(".case-row"), before);
      else before?.remove();
    });
  }

  // The latest activity comes first (and of the same moment the latest case), as in the server's list. A row behind the last one that is loaded comes with the
  // next page.
  function putRow(row, before) {
    const focused = before?.contains(document.activeElement);
    const below = [...rows().children].find((one) => one !== before && !(one.dataset.activity > row.dataset.activity));
    if (!before && below?.matches(".list__more")) return;
    rows().insertBefore(row, below ?? null);
    before?.remove();
    row.classList.add("case-row--changed");
    htmx.process(row);
    markOpen();
    if (focused) row.querySelector("a").focus({ preventScroll: true });
  }

  // What the agent looks at stays where it is, unless he looks at the top.
  function keepingPlace(moving, change) {
    const box = list();
    const top = box.getBoundingClientRect().top;
    const seen = [...rows().children].find((one) => one !== moving && one.getBoundingClientRect().bottom > top);
    const at = seen?.getBoundingClientRect().top;
    const scrolled = box.scrollTop > 0;
    change();
    if (scrolled && seen) box.scrollTop += seen.getBoundingClientRect().top - at;
  }

  function markOpen() {
    const number = openCase()?.dataset.number;
    document.querySelectorAll(".case-row__link").forEach((link) => {
      if (link.parentElement.dataset.number === number) link.setAttribute("aria-current", "true");
      else link.removeAttribute("aria-current");
    });
    document.querySelector(".desk")?.classList.toggle("desk--case", Boolean(document.querySelector("#case > article")));
  }

  async function refreshList() {
    const { place, q } = list().dataset;
    const shown = list();
    const html = await part(`/console/list?place=${encodeURIComponent(place)}&q=${encodeURIComponent(q)}`);
    if (list() !== shown) return;
    const fresh = fragment(html).firstElementChild;
    const scrolled = shown.scrollTop;
    const focused = shown.contains(document.activeElement) && document.activeElement.closest(".case-row")?.id;
    shown.replaceWith(fresh);
    htmx.process(fresh);
    fresh.scrollTop = scrolled;
    markOpen();
    if (focused) document.getElementById(focused)?.querySelector("a").focus({ preventScroll: true });
  }

  // --- the case ---

  const scroller = () => document.getElementById("timeline-scroll");
  const atEnd = () => {
    const box = scroller();
    return box.scrollHeight - box.scrollTop - box.clientHeight < 80;
  };
  const toEnd = () => {
    const box = scroller();
    if (!box) return;
    box.scrollTop = box.scrollHeight;
    noteSeen();
  };

  // What the agent has seen goes with his answer, which is stopped when there is more: entries that have stood before
  // his eyes for a moment. So somebody who sends just when another answer appears is told.
  const aMoment = 1500; // ms

  function noteSeen() {
    const article = openCase();
    if (!article || document.hidden || !atEnd()) return;
    document.getElementById("new-below").hidden = true;
    const { lastSeq } = article.dataset;
    setTimeout(() => setSeen(article, Number(lastSeq)), aMoment);
  }

  function setSeen(article, seq) {
    if (!document.hidden) article.dataset.seen = Math.max(seq, Number(article.dataset.seen));
  }

  document.addEventListener("scroll", (event) => event.target.id === "timeline-scroll" && noteSeen(), true);
  document.addEventListener("visibilitychange", noteSeen);
  document.addEventListener("htmx:configRequest", (event) => {
    const { parameters } = event.detail;
    if (parameters.seen !== undefined) parameters.seen = openCase().dataset.seen;
  });

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
    if (!added) return noteSeen();
    if (follow) toEnd();
    else document.getElementById("new-below").hidden = false;
    await refreshAround(number);
  }

  async function refreshAround(number) {
    const fresh = fragment(await part(`/console/cases/${number}/around`));
    if (openCase()?.dataset.number !== number) return;
    replace("case-head", fresh);
    replace("details", fresh);
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
    if (!before || !fresh) return;
    if (before.contains(document.activeElement)) {
      refreshWhenLeft(before);
      return;
    }
    if (isBeingWritten(before)) return;
    // What the agent was told last he may still be reading.
    const told = before.querySelector("[role=alert]");
    if (told && !fresh.querySelector("[role=alert]")) fresh.append(told);
    for (const opened of before.querySelectorAll("details[open][id]")) {
      const same = fresh.querySelector(`[id="${opened.id}"]`);
      if (same) same.open = true;
    }
    before.replaceWith(fresh);
    htmx.process(fresh);
  }

  // What was typed into a form and not sent yet stays; the form's own answer brings the part up to date.
  function isBeingWritten(part) {
    return [...part.querySelectorAll("input, textarea")].some((box) => box.value !== box.defaultValue);
  }

  // A menu that an agent is in does not change under his hands; it does once he has left it.
  function refreshWhenLeft(part) {
    if (part.dataset.stale) return;
    part.dataset.stale = "true";
    const left = () => {
      delete part.dataset.stale;
      const number = openCase()?.dataset.number;
      if (number) refreshAround(number).catch(missed);
    };
    part.addEventListener("focusout", left, { once: true });
  }

  function choose(answerBy, conversation) {
    answerBy.dataset.chosen = "true";
    for (const option of answerBy.querySelectorAll("option")) option.selected = option.value === conversation;
  }

  document.addEventListener("change", (event) => {
    if (event.target.id === "conversation") event.target.closest("#answer-by").dataset.chosen = "true";
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
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey) && event.target.matches?.("textarea")) {
      event.preventDefault();
      event.target.form.requestSubmit();
    }
  });

  document.addEventListener("click", (event) => {
    if (event.target.id === "new-below") toEnd();
  });

  // --- htmx tells what it has put into the page ---

  // What is typed while an answer is on its way would go with the box that it is typed into.
  function onItsWay(composer, is) {
    composer.setAttribute("aria-busy", String(is));
    composer.querySelector("textarea").readOnly = is;
  }

  document.addEventListener("htmx:beforeRequest", (event) => {
    if (event.detail.elt.id === "composer") onItsWay(event.detail.elt, true);
  });

  document.addEventListener("htmx:afterRequest", (event) => {
    if (event.detail.elt.id === "composer") onItsWay(event.detail.elt, false);
  });

  // What is being read stays where it is when earlier entries come above it.
  let read = 0;

  document.addEventListener("htmx:beforeSwap", (event) => {
    if (event.detail.target.id === "earlier") read = scroller().scrollHeight - scroller().scrollTop;
  });

  document.addEventListener("htmx:afterSwap", (event) => {
    const target = event.detail.target.id;
    if (target === "earlier") {
      scroller().scrollTop = scroller().scrollHeight - read;
      (document.querySelector("#earlier a") ?? scroller()).focus({ preventScroll: true });
    }
    markOpen();
    const told = target && document.querySelector(`#${target} [data-seen]`);
    if (told) setSeen(openCase(), Number(told.dataset.seen));
    if (target === "case") {
      restoreDraft();
      toEnd();
      document.getElementById("text")?.focus({ preventScroll: true });
    }
    if (target === "composer") {
      const box = document.querySelector("textarea[data-draft]");
      if (box.value) localStorage.setItem(draftKey(box), box.value);
      else localStorage.removeItem(draftKey(box));
      box.focus({ preventScroll: true });
      box.setSelectionRange(box.value.length, box.value.length);
    }
    if (target === "composer" || target === "note") refreshCase(openCase().dataset.number);
  });

  // --- the stream ---

  // One refresh of a case at a time: an older answer never overtakes a newer one.
  async function noteChange(number) {
    if (changed.has(number)) {
      changed.set(number, true);
      return;
    }
    do {
      changed.set(number, false);
      await pause(gather);
      changed.set(number, false);
      const around = openCase()?.dataset.number === number ? refreshCase(number) : undefined;
      await Promise.allSettled([refreshRow(number).catch(missed), around]);
    } while (changed.get(number));
    changed.delete(number);
  }

  function catchUp() {
    refreshList().catch(missed);
    const article = openCase();
    if (article) refreshCase(article.dataset.number);
  }

  document.addEventListener("kawal:entry", (event) => noteChange(event.detail.number));
  document.addEventListener("kawal:back", catchUp);

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
  const meant = location.hash.startsWith("#entry-") && document.getElementById(location.hash.slice(1));
  if (meant) meant.scrollIntoView({ block: "center" });
  else if (openCase()) toEnd();
  setInterval(tick, 30000);
})();
