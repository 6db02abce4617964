// What survives a reload: the session, the conversation so far, and what was written but not accepted yet.

const KEPT_MESSAGES = 200;

class Memory {
  // Where the browser refuses storage (private windows, full disk), the page's own memory has to do.
  constructor(prefix) {
    this.prefix = prefix;
    this.fallback = new Map();
  }

  read(name) {
    let text = this.fallback.get(name);
    try {
      text = localStorage.getItem(this.prefix + name) ?? text;
    } catch { /* storage is switched off */ }
    try {
      return text ? JSON.parse(text) : null;
    } catch {
      return null;
    }
  }

  write(name, value) {
    const text = JSON.stringify(value);
    this.fallback.set(name, text);
    try {
      localStorage.setItem(this.prefix + name, text);
    } catch { /* the page's memory has it */ }
  }

  remove(name) {
    this.fallback.delete(name);
    try {
      localStorage.removeItem(this.prefix + name);
    } catch { /* storage is switched off */ }
  }

  names() {
    const names = new Set(this.fallback.keys());
    try {
      for (const key of Object.keys(localStorage)) {
        if (key.startsWith(this.prefix)) names.add(key.slice(this.prefix.length));
      }
    } catch { /* storage is switched off */ }
    return [...names];
  }
}

// Whom a host site's identity token is about; the server checks it, here it only tells one person from another.
const subjectOf = (token) => {
  try {
    return JSON.parse(atob(token.split(".")[1].replaceAll("-", "+").replaceAll("_", "/"))).sub || "";
  } catch {
    return "";
  }
};

class Conversation {
  // `who` is the participant the host site vouches for ("" for nobody): another person must not see this one's chat.
  constructor(memory, who) {
    this.memory = memory;
    this.who = who;
    this.load();
  }

  load() {
    const session = this.memory.read("session");
    if (session && session.who !== this.who) this.forget();
    this.session = session && session.who === this.who ? session : null;
    const told = this.memory.read("told") || {};
    const messages = Array.isArray(told.messages) ? told.messages : [];
    this.messages = messages;
    this.lastSeq = messages.length ? messages[messages.length - 1].seq : 0;
    this.readSeq = told.readSeq || 0;
    this.reference = told.reference || null;
    this.own = this.memory.names().filter((name) => name.startsWith("own:"))
      .map((name) => this.memory.read(name)).filter(Boolean).sort((a, b) => a.order - b.order);
    for (const message of this.messages) this.settle(message.client_id);
  }

  begin(session) {
    this.session = { ...session, who: this.who };
    this.memory.write("session", this.session);
  }

  // A new session is a new conversation; what was not accepted goes along into it.
  end() {
    this.session = null;
    this.memory.remove("session");
    this.memory.remove("told");
    this.messages = [];
    this.lastSeq = this.readSeq = 0;
    this.reference = null;
    for (const message of this.own.filter((one) => one.state === "accepted")) this.settle(message.client_id);
  }

  forget() {
    for (const name of this.memory.names()) this.memory.remove(name);
  }

  write(text) {
    const order = Date.now() + this.own.length / 1000;
    const message = { client_id: newId(), text, at: new Date().toISOString(), state: "sending", order };
    this.own.push(message);
    this.keep(message);
    return message;
  }

  keep(message) {
    this.memory.write(`own:${message.client_id}`, message);
  }

  find(clientId) {
    return this.own.find((message) => message.client_id === clientId);
  }

  get unsent() {
    return this.own.filter((message) => message.state === "sending");
  }

  accept(clientId, reference) {
    const message = this.find(clientId);
    if (message) {
      message.state = "accepted";
      this.keep(message);
    }
    if (reference && !this.reference) {
      this.reference = reference;
      this.keepTold();
    }
  }

  settle(clientId) {
    if (!clientId) return;
    this.own = this.own.filter((message) => message.client_id !== clientId);
    this.memory.remove(`own:${clientId}`);
  }

  // True when the message is the next one; anything else was seen before, or comes again in order.
  add(message) {
    if (message.seq !== this.lastSeq + 1) return false;
    this.messages.push(message);
    this.lastSeq = message.seq;
    this.settle(message.client_id);
    this.keepTold();
    return true;
  }

  read(seq) {
    if (seq <= this.readSeq) return false;
    this.readSeq = seq;
    this.keepTold();
    return true;
  }

  keepTold() {
    const messages = this.messages.slice(-KEPT_MESSAGES);
    this.memory.write("told", { messages, readSeq: this.readSeq, reference: this.reference });
  }

  get unread() {
    return this.messages.filter((message) => message.seq > this.readSeq && message.author !== "participant").length;
  }
}

const newId = () => {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
};
