// Shows new answers by themselves. Without it the page is the same, until it is loaded again.

const QUICK_MS = 4000;
const SLOW_MS = 30000;

const { status, you, agent, system, pending: pendingWords } = document.body.dataset;
const names = { participant: you, agent, system };
const entries = document.getElementById("entries");
const waiting = document.getElementById("pending");
const empty = document.getElementById("empty");
const live = document.getElementById("live");
const template = document.getElementById("entry");
const lang = document.documentElement.lang === "en" ? "en-GB" : "id";
const zone = { timeZone: "Asia/Jakarta" };
const days = new Intl.DateTimeFormat(lang, { dateStyle: "long", ...zone });
const clock = new Intl.DateTimeFormat(lang, { timeStyle: "short", ...zone });

let after = Number(document.body.dataset.after);
let delay = QUICK_MS;
let timer;

function bubble({ author, name, text, at }, note) {
  const item = template.content.firstElementChild.cloneNode(true);
  const own = author === "participant";
  item.className = `stack stack--tight message message--${author}`;
  const box = item.querySelector(".bubble");
  box.classList.toggle("bubble--own", own);
  box.classList.toggle("bubble--system", author === "system");
  item.querySelector(".message__author").textContent = own ? you : name || names[author];
  item.querySelector(".bubble__text").textContent = text;
  const time = item.querySelector("time");
  time.dateTime = at;
  const moment = new Date(at);
  time.textContent = `${days.format(moment)}, ${clock.format(moment)} WIB`;
  const remark = item.querySelector(".message__note");
  remark.textContent = note;
  remark.hidden = !note;
  return item;
}

function show({ items, pending }) {
  document.getElementById("away")?.remove();
  for (const item of items) {
    if (item.seq <= after) continue;
    entries.append(bubble(item, ""));
    after = item.seq;
  }
  waiting.replaceChildren(...pending.map((one) => bubble(one, pendingWords)));
  empty.hidden = entries.childElementCount + waiting.childElementCount > 0;
}

function tell(words) {
  live.hidden = false;
  if (live.textContent !== words) live.textContent = words;
}

async function refresh() {
  clearTimeout(timer);
  if (document.hidden) return;
  try {
    const response = await fetch(`${status}?after=${after}`, { headers: { accept: "application/json" } });
    if (!response.ok) throw new Error(String(response.status));
    const seen = await response.json();
    show(seen);
    tell(live.dataset.live);
    delay = seen.next_cursor ? 0 : QUICK_MS;
  } catch {
    tell(live.dataset.offline);
    delay = Math.min(SLOW_MS, Math.max(QUICK_MS, delay * 2));
  }
  timer = setTimeout(refresh, delay);
}

document.addEventListener("visibilitychange", refresh);
window.addEventListener("online", refresh);
if (document.body.dataset.more === "false") refresh();
