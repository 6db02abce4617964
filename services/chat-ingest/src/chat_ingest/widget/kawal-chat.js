// <kawal-chat>: the participant's chat window.
//
// Attributes: `server` (default: where this script came from), `lang` (id, en; default: the page's),
// `identity-token` (signed by the host site), `fields` ("name phone email": what to ask before the first message),
// `heading`, `open`. Methods: show(), hide(). Events: `kawal-chat-open`, `kawal-chat-close`, `kawal-chat-message`.

const SCRIPT_URL = document.currentScript?.src || location.href;
const MAX_TEXT = 10_000;
const COUNT_FROM = 9_500;
const READ_AFTER_MS = 400;
const SESSION_AGAIN_MS = 5_000;
const CONTROLS = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f]/g;

class KawalChat extends HTMLElement {
  static observedAttributes = ["lang", "identity-token", "open", "heading"];

  #root = this.attachShadow({ mode: "open" });
  #ready = false;

  connectedCallback() {
    if (!this.#ready) this.#build();
    this.#enter();
    document.addEventListener("visibilitychange", this.#seen);
    addEventListener("storage", this.#otherTab);
  }

  disconnectedCallback() {
    this.connection?.stop();
    document.removeEventListener("visibilitychange", this.#seen);
    removeEventListener("storage", this.#otherTab);
  }

  attributeChangedCallback(name, before, after) {
    if (!this.#ready || before === after) return;
    if (name === "identity-token") {
      if (subjectOf(after || "") !== this.conversation.who) this.#enter();
    } else if (name === "open") this.#toggle(after !== null);
    else this.#translate();
  }

  get identityToken() {
    return this.getAttribute("identity-token");
  }

  set identityToken(token) {
    if (token) this.setAttribute("identity-token", token);
    else this.removeAttribute("identity-token");
  }

  show() {
    this.setAttribute("open", "");
  }

  hide() {
    this.removeAttribute("open");
  }

  get #locale() {
    const lang = this.lang || this.closest("[lang]")?.lang || document.documentElement.lang || "id";
    return lang.toLowerCase().startsWith("en") ? "en" : "id";
  }

  get #texts() {
    return TEXTS[this.#locale];
  }

  get #server() {
    return new URL(this.getAttribute("server") || "/", SCRIPT_URL).href.replace(/\/$/, "");
  }

  #find(selector) {
    return this.#root.querySelector(selector);
  }

  // --- building ---

  #build() {
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(STYLE);
    this.#root.adoptedStyleSheets = [sheet];
    const skeleton = document.createElement("template");
    skeleton.innerHTML = SKELETON;
    this.#root.append(skeleton.content);
    const icons = { ".launcher": "chat", ".mark": "chat", ".close": "close", ".copy": "copy", ".send": "send", ".newest": "down" };
    for (const [selector, name] of Object.entries(icons)) this.#find(selector).prepend(icon(name));
    this.list = new MessageList(this.#find("ol"), { locale: this.#locale, onRetry: (id) => this.#retry(id) });
    this.prechat = new Prechat(this.#find(".prechat"), (answers) => this.#begin(answers));
    this.#listen();
    this.#ready = true;
    this.#translate();
  }

  #listen() {
    const on = (selector, type, handle) => this.#find(selector).addEventListener(type, handle);
    on(".launcher", "click", () => this.show());
    on(".close", "click", () => this.hide());
    on(".copy", "click", () => this.#copy());
    on(".newest", "click", () => this.#scrollDown());
    on(".scroll", "scroll", () => this.#scrolled());
    on(".composer", "submit", (event) => this.#submit(event));
    on("textarea", "input", () => this.#typed());
    on("textarea", "keydown", (event) => {
      const enter = event.key === "Enter" && !event.shiftKey && !event.isComposing;
      if (enter && !matchMedia("(pointer: coarse)").matches) this.#submit(event);
    });
    on(".panel", "keydown", (event) => this.#key(event));
  }

  #translate() {
    const texts = this.#texts;
    const say = (selector, text) => { this.#find(selector).textContent = text; };
    const label = (selector, text) => { this.#find(selector).setAttribute("aria-label", text); };
    this.#find(".panel").lang = this.#locale;
    say("h2", this.getAttribute("heading") || texts.title);
    say(".greeting strong", texts.greeting);
    say(".greeting span", texts.greetingMore);
    say(".bar .label", texts.reference);
    say(".composer label", texts.message);
    label(".close", texts.close);
    label(".copy", texts.copy);
    label(".send", texts.send);
    label(".scroll", texts.title);
    this.#find("textarea").placeholder = texts.placeholder;
    this.#find(".newest").replaceChildren(icon("down"), texts.newest);
    this.list.locale = this.#locale;
    this.list.clear();
    if (this.conversation) this.#draw();
  }

  // --- the conversation ---

  #enter() {
    this.connection?.stop();
    const who = subjectOf(this.identityToken || "");
    this.conversation = new Conversation(new Memory(`kawal-chat:${this.#server}:`), who);
    this.connection = new Connection(this.#server, this.conversation, {
      state: (state) => this.#setState(state),
      frame: (frame) => this.#take(frame),
      sessionLost: () => this.#sessionLost(),
    });
    this.asked = false;
    this.#setState("idle");
    this.#notice(null);
    this.list.clear();
    this.#draw();
    this.#toggle(this.hasAttribute("open"), { focus: false });
    if (this.conversation.session) this.connection.start();
    else if (this.conversation.unsent.length) this.#open();
  }

  // Another tab of the same site has opened the conversation: join it rather than open a second one.
  #otherTab = (event) => {
    if (event.key === `kawal-chat:${this.#server}:session` && event.newValue && !this.conversation.session) this.#enter();
  };

  #sessionLost() {
    this.conversation.end();
    this.list.clear();
    this.#draw();
    if (this.conversation.unsent.length) this.#open();
    else this.#setState("idle");
  }

  async #open(answers = {}) {
    if (this.conversation.session || this.opening) return;
    const { conversation, connection } = this;
    this.opening = true;
    this.#setState("connecting");
    try {
      const body = { locale: this.#locale, ...answers };
      if (this.identityToken) body.identity_token = this.identityToken;
      const session = await request(`${this.#server}/v1/chat/sessions`, { body });
      if (conversation !== this.conversation) return;
      conversation.begin(session);
      this.#notice(null);
      connection.start();
    } catch (error) {
      if (conversation === this.conversation) this.#openFailed(error, answers);
    } finally {
      this.opening = false;
    }
  }

  #openFailed(error, answers) {
    this.#setState("offline");
    if (error.code?.startsWith("invalid_phone") || error.code?.startsWith("invalid_email")) {
      this.asked = false;
      this.#setState("idle");
      this.#draw();
      this.prechat.refuse(error.code, this.#texts[error.code]);
    } else if (error.status === 401) this.#notice(this.#texts.signInAgain);
    else {
      this.#notice(this.#texts.cannotStart);
      clearTimeout(this.openTimer);
      this.openTimer = setTimeout(() => this.#open(answers), SESSION_AGAIN_MS * (0.5 + Math.random()));
    }
  }

  #take(frame) {
    const { conversation } = this;
    switch (frame.type) {
      case "accepted":
        conversation.accept(frame.client_id, frame.reference);
        break;
      case "message":
        if (!conversation.add(frame)) return;
        if (frame.author !== "participant") this.dispatchEvent(new CustomEvent("kawal-chat-message", { detail: frame }));
        break;
      case "welcome":
        this.place = null; // what is true by now follows
        break;
      case "queue":
        this.place = frame.position ? frame : null;
        break;
      case "receipt":
        conversation.read(frame.seq);
        break;
      case "status":
        this.#notice(frame.state === "catching_up" ? this.#texts.catchingUp : null);
        break;
      case "error":
        this.#refused(frame);
        break;
    }
    this.#draw();
  }

  #refused({ client_id: clientId }) {
    const message = clientId && this.conversation.find(clientId);
    if (!message) return;
    message.state = "failed";
    this.conversation.keep(message);
  }

  // A new id: the old one may be taken by what was refused.
  #retry(clientId) {
    const message = this.conversation.find(clientId);
    if (!message) return;
    this.conversation.settle(clientId);
    this.#send(message.text);
    this.#find("textarea").focus();
  }

  #send(text) {
    this.conversation.write(text);
    if (this.conversation.session) this.connection.pump();
    else this.#open();
    this.#draw();
    this.#scrollDown();
  }

  // --- what the participant does ---

  #submit(event) {
    event.preventDefault();
    const textarea = this.#find("textarea");
    const text = textarea.value.replace(/\r\n?/g, "\n").replace(CONTROLS, "").trim();
    if (!text || text.length > MAX_TEXT) return;
    textarea.value = "";
    this.#typed();
    this.#send(text);
  }

  #typed() {
    const textarea = this.#find("textarea");
    const { length } = textarea.value;
    const count = this.#find(".count");
    count.hidden = length < COUNT_FROM;
    count.classList.toggle("error", length > MAX_TEXT);
    count.textContent = length > MAX_TEXT ? this.#texts.tooLong(MAX_TEXT) : this.#texts.left(MAX_TEXT - length);
    this.#find(".send").setAttribute("aria-disabled", String(!textarea.value.trim() || length > MAX_TEXT));
    if (!CSS.supports("field-sizing", "content")) textarea.rows = Math.min(5, textarea.value.split("\n").length);
  }

  get #fields() {
    const wanted = (this.getAttribute("fields") || "").split(/\s+/).filter((field) => field in FIELDS);
    const begun = this.asked || this.conversation.session || this.conversation.own.length || this.identityToken;
    return begun ? [] : wanted;
  }

  #begin(answers) {
    this.asked = true;
    this.#open(answers);
    this.#draw();
    this.#find("textarea").focus();
  }

  async #copy() {
    try {
      await navigator.clipboard.writeText(displayNumber(this.conversation.reference));
      this.#notice(this.#texts.copied);
      setTimeout(() => this.#notice(null), 2_000);
    } catch { /* the number can still be read */ }
  }

  // --- the window ---

  #toggle(open, { focus = true } = {}) {
    const panel = this.#find(".panel");
    if (panel.hidden !== open) return;
    panel.hidden = !open;
    this.#find(".launcher").hidden = open;
    this.dispatchEvent(new CustomEvent(open ? "kawal-chat-open" : "kawal-chat-close"));
    if (open && this.identityToken) this.#open();
    this.#draw();
    if (open) this.#scrollDown();
    if (focus) this.#find(open ? ".prechat:not([hidden]) input, .composer:not([hidden]) textarea" : ".launcher").focus();
  }

  #key(event) {
    if (event.key === "Escape") {
      event.stopPropagation();
      this.hide();
    } else if (event.key === "Tab") this.#trap(event);
  }

  #trap(event) {
    const all = this.#find(".panel").querySelectorAll("button, input, textarea, a[href], [tabindex='0']");
    const reachable = [...all].filter((one) => one.offsetParent !== null);
    const [first, last] = [reachable[0], reachable[reachable.length - 1]];
    const at = this.#root.activeElement;
    if (event.shiftKey ? at === first : at === last) {
      event.preventDefault();
      (event.shiftKey ? last : first).focus();
    }
  }

  #setState(state) {
    const status = this.#find(".status");
    status.dataset.state = state;
    status.textContent = this.#texts[state === "busy" || state === "offline" ? "connecting" : state];
    if (state === "offline" || state === "busy") this.#notice(this.#texts[state]);
    if (state === "online") this.#notice(null);
  }

  #notice(text) {
    const notice = this.#find(".notice");
    notice.hidden = !text;
    notice.textContent = text || "";
  }

  #draw() {
    const { conversation } = this;
    const fields = this.#fields;
    this.prechat.draw(fields, this.#texts);
    this.#find(".prechat").hidden = !fields.length;
    this.#find(".scroll").hidden = this.#find(".composer").hidden = fields.length > 0;
    this.#find(".greeting").hidden = conversation.messages.length + conversation.own.length > 0;
    this.#find(".bar").hidden = !conversation.reference;
    if (conversation.reference) this.#find(".bar strong").textContent = displayNumber(conversation.reference);
    this.#drawPlace();
    const atEnd = this.#atEnd;
    this.list.draw(conversation);
    if (atEnd) this.#scrollDown();
    else this.#scrolled();
    this.#drawUnread();
    this.#setLauncher();
    this.#seen();
  }

  #drawPlace() {
    const line = this.#find(".queue");
    const text = this.place ? this.#texts.queue(this.place.position, this.place.wait_minutes) : "";
    line.hidden = !text;
    if (line.textContent !== text) line.textContent = text; // said aloud only when it changed
  }

  #drawUnread() {
    const { unread } = this.conversation;
    const badge = this.#find(".badge");
    badge.hidden = !unread;
    badge.textContent = unread > 99 ? "99+" : unread;
  }

  #setLauncher() {
    const { unread } = this.conversation;
    const label = unread ? `${this.#texts.open}, ${this.#texts.unread(unread)}` : this.#texts.open;
    this.#find(".launcher").setAttribute("aria-label", label);
  }

  get #atEnd() {
    const scroll = this.#find(".scroll");
    return scroll.scrollHeight - scroll.scrollTop - scroll.clientHeight < 48;
  }

  #scrollDown() {
    const scroll = this.#find(".scroll");
    scroll.scrollTop = scroll.scrollHeight;
    this.#scrolled();
  }

  #scrolled() {
    this.#find(".newest").hidden = this.#atEnd;
    this.#seen();
  }

  // Read is what stood on an open, visible window for a moment.
  #seen = () => {
    clearTimeout(this.seenTimer);
    this.seenTimer = setTimeout(() => {
      const watching = this.hasAttribute("open") && document.visibilityState === "visible" && this.#atEnd;
      const { conversation } = this;
      if (!watching || !conversation.unread) return;
      conversation.read(conversation.lastSeq);
      this.connection.tellRead();
      this.#drawUnread();
      this.#setLauncher();
    }, READ_AFTER_MS);
  };
}

if (!customElements.get("kawal-chat")) customElements.define("kawal-chat", KawalChat);
