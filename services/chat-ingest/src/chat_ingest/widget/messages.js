// Draws the conversation. What is drawn once stays as it is, so that a screen reader reads each message once.

const LINK = /https?:\/\/[^\s<>"']+[^\s<>"'.,;:!?)]/g;

const element = (tag, attributes = {}, ...children) => {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== undefined && value !== false) made.setAttribute(name, value === true ? "" : value);
  }
  made.append(...children);
  return made;
};

const linked = (text) => {
  const parts = [];
  let end = 0;
  for (const match of text.matchAll(LINK)) {
    parts.push(text.slice(end, match.index));
    parts.push(element("a", { href: match[0], target: "_blank", rel: "noopener noreferrer" }, match[0]));
    end = match.index + match[0].length;
  }
  return [...parts, text.slice(end)];
};

const displayNumber = (digits) => `${digits.slice(0, 3)}-${digits.slice(3, 6)}-${digits.slice(6)}`;

class MessageList {
  constructor(log, { locale, onRetry }) {
    this.log = log;
    this.locale = locale;
    this.onRetry = onRetry;
    this.drawn = new Map();
  }

  get texts() {
    return TEXTS[this.locale];
  }

  clear() {
    this.drawn.clear();
    this.log.replaceChildren();
    this.day = this.author = null;
  }

  draw(conversation) {
    // Nobody reports that an agent has read something, but whoever answered has.
    const answered = Math.max(0, ...conversation.messages.filter(({ author }) => author === "agent").map(({ seq }) => seq));
    const settled = conversation.messages.map((message) => this.settled(message, answered));
    const own = conversation.own.map((message) => this.own(message));
    const wanted = new Set([...settled, ...own]);
    for (const [key, item] of this.drawn) {
      if (!wanted.has(item)) {
        item.remove();
        this.drawn.delete(key);
      }
    }
    this.place([...settled, ...own]);
  }

  place(items) {
    let before = null;
    for (const item of items) {
      const expected = before ? before.nextElementSibling : this.log.firstElementChild;
      if (expected !== item) this.log.insertBefore(item, expected);
      this.group(item, before);
      before = item;
    }
  }

  // A day's first message shows the day, a person's first message in a row shows the person.
  group(item, before) {
    const day = before?.dataset.day !== item.dataset.day;
    item.querySelector(".day").hidden = !day;
    item.classList.toggle("follows", !day && before?.dataset.author === item.dataset.author
      && before?.dataset.name === item.dataset.name);
  }

  settled(message, answered) {
    const key = message.client_id && message.author === "participant" ? message.client_id : `seq:${message.seq}`;
    const item = this.drawn.get(key) || this.make(key, message);
    if (message.author === "participant") this.mark(item, message.seq < answered ? "read" : "delivered");
    return item;
  }

  own(message) {
    const item = this.drawn.get(message.client_id) || this.make(message.client_id, { ...message, author: "participant" });
    this.mark(item, message.state, message);
    return item;
  }

  make(key, { author, name, text, at }) {
    const moment = new Date(at);
    const who = author === "participant" ? this.texts.you : name || this.texts[author];
    const bubble = element("div", { class: "bubble", dir: "auto" }, ...linked(text));
    const item = element("li", { class: `message ${author}`, "data-author": author, "data-name": name || "" },
      element("div", { class: "day" }, this.dayName(moment)),
      element("div", { class: "who" }, who),
      bubble,
      element("div", { class: "meta" },
        element("time", { datetime: moment.toISOString() }, this.clock(moment)),
        element("span", { class: "state" })));
    item.dataset.day = moment.toDateString();
    this.drawn.set(key, item);
    return item;
  }

  mark(item, state, message) {
    if (item.dataset.state === state) return;
    item.dataset.state = state;
    const label = element("span", { class: state === "failed" ? "" : "hidden" }, this.texts[state]);
    const parts = [icon(state), label];
    if (state === "failed" && message) {
      const retry = element("button", { type: "button", class: "retry" }, this.texts.retry);
      retry.addEventListener("click", () => this.onRetry(message.client_id));
      parts.push(retry);
    }
    item.querySelector(".state").replaceChildren(...parts);
  }

  clock(moment) {
    return new Intl.DateTimeFormat(this.locale, { hour: "2-digit", minute: "2-digit", hour12: false }).format(moment);
  }

  dayName(moment) {
    const days = Math.round((new Date().setHours(0, 0, 0, 0) - new Date(moment).setHours(0, 0, 0, 0)) / 86_400_000);
    if (days === 0) return this.texts.today;
    if (days === 1) return this.texts.yesterday;
    return new Intl.DateTimeFormat(this.locale, { day: "numeric", month: "long", year: "numeric" }).format(moment);
  }
}
