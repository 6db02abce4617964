// Keeps a conversation in touch with the server: WebSocket first, long polling where a network lets none through.

const PROTOCOL = "kawal.chat.v1";
const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 30_000;
const ANSWER_WITHIN_MS = 12_000;
const SOCKET_TRIES = 2;
const SOCKET_AGAIN_MS = 60_000;
const POLL_WAIT_S = 25;
const POLL_PAUSE_MS = 3_000;
const LOST_SESSION = new Set(["invalid_session", "expired_session"]);
const UNREADABLE = new Set(["malformed_frame", "invalid_frame"]);

class Refused extends Error {
  constructor(status, problem) {
    super(problem.code || `http_${status}`);
    this.status = status;
    this.code = problem.code;
    this.retryAfterS = problem.retryAfterS;
  }
}

class Connection {
  // `on.state(state)`, `on.frame(frame)` and `on.sessionLost()` tell what happens.
  constructor(server, conversation, on) {
    this.server = server;
    this.conversation = conversation;
    this.on = on;
    this.failures = 0;
    this.socketFailures = 0;
    this.running = false;
    this.position = 0; // the place in the queue that is shown
    this.wake = () => this.hurry();
  }

  start() {
    if (this.running || !this.conversation.session) return;
    this.running = true;
    this.readTold = 0;
    addEventListener("online", this.wake);
    document.addEventListener("visibilitychange", this.wake);
    this.connect();
  }

  stop() {
    this.running = false;
    removeEventListener("online", this.wake);
    document.removeEventListener("visibilitychange", this.wake);
    clearTimeout(this.timer);
    clearTimeout(this.answerTimer);
    this.polling?.abort();
    this.drop();
  }

  hurry() {
    if (!this.pausing || document.visibilityState === "hidden") return;
    clearTimeout(this.timer);
    this.connect();
  }

  connect() {
    this.pausing = false;
    if (!this.running) return;
    if (this.socketFailures >= SOCKET_TRIES) this.poll();
    else this.openSocket();
  }

  // --- WebSocket ---

  openSocket() {
    this.on.state("connecting");
    let socket;
    try {
      socket = new WebSocket(`${this.server.replace(/^http/, "ws")}/v1/chat/ws`, [PROTOCOL]);
    } catch {
      this.socketFailures += 1;
      this.pause();
      return;
    }
    this.socket = socket;
    this.welcomed = false;
    this.expectAnswer();
    socket.onopen = () => {
      const { session, lastSeq } = this.conversation;
      socket.send(JSON.stringify({ type: "hello", session_token: session.session_token, last_seq: lastSeq }));
    };
    socket.onmessage = (event) => this.take(JSON.parse(event.data));
    socket.onclose = (event) => this.closed(event);
  }

  closed(event) {
    this.drop();
    if (!this.running) return;
    if (LOST_SESSION.has(event.reason)) {
      this.stop();
      this.on.sessionLost();
      return;
    }
    if (!this.welcomed) this.socketFailures += 1;
    this.pause();
  }

  drop() {
    clearTimeout(this.answerTimer);
    clearTimeout(this.laterTimer);
    this.inFlight = null;
    this.waiting = this.busy = false;
    const socket = this.socket;
    this.socket = null;
    if (!socket) return;
    socket.onopen = socket.onmessage = socket.onclose = null;
    socket.close();
  }

  // A network can die without a word: whoever owes us an answer and is silent is left.
  expectAnswer() {
    clearTimeout(this.answerTimer);
    this.answerTimer = setTimeout(() => this.closed({ reason: "silent" }), ANSWER_WITHIN_MS);
  }

  pause(seconds = 0) {
    this.on.state("offline");
    const grown = Math.min(FIRST_PAUSE_MS * 2 ** this.failures, LONGEST_PAUSE_MS);
    this.failures += 1;
    this.pausing = true;
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.connect(), Math.max(seconds * 1000, grown * (0.5 + Math.random() / 2)));
  }

  take(frame) {
    if (frame.type === "queue") {
      this.position = frame.position;
    } else if (frame.type === "welcome") {
      this.welcomed = true;
      this.position = 0;
      this.failures = this.socketFailures = 0;
      this.on.state("online");
      this.tellRead();
    } else if (frame.type === "busy") {
      this.later(frame.retry_after_s);
    } else if (frame.type === "error" && frame.code === "rate_limited" && !frame.client_id) {
      this.later(1);
    } else if (frame.type === "error" && UNREADABLE.has(frame.code)) {
      frame.client_id = this.inFlight; // it could not be read, so not who sent it either
    } else if (frame.type === "accepted" && this.busy) {
      this.busy = false;
      this.on.state("online");
    }
    if (frame.type !== "message" || frame.seq <= this.conversation.lastSeq + 1) this.on.frame(frame);
    else this.resync();
    if (frame.client_id && frame.client_id === this.inFlight) this.inFlight = null;
    if (this.welcomed && !this.conversation.unsent.length) clearTimeout(this.answerTimer);
    else if (this.welcomed) this.pump();
  }

  // The server never leaves a gap; should one show up all the same, saying hello again closes it.
  resync() {
    this.drop();
    this.connect();
  }

  later(seconds) {
    clearTimeout(this.answerTimer);
    clearTimeout(this.laterTimer);
    this.on.state("busy");
    this.waiting = this.busy = true;
    this.laterTimer = setTimeout(() => {
      this.inFlight = null;
      this.waiting = false;
      this.readTold = 0; // that may have been what came at a bad time
      this.tellRead();
      this.pump();
    }, seconds * 1000);
  }

  // One at a time: what was written first is accepted first, whatever is refused, lost or put off in between.
  pump() {
    const [next] = this.conversation.unsent;
    if (!next || this.waiting || next.client_id === this.inFlight) return;
    if (this.socket?.readyState === WebSocket.OPEN && this.welcomed) {
      this.inFlight = next.client_id;
      this.expectAnswer();
      this.socket.send(JSON.stringify({ type: "message", client_id: next.client_id, text: next.text }));
    } else if (this.polling) {
      this.post();
    } else {
      this.hurry();
    }
  }

  // What was read while nobody could be told is told with the next connection.
  tellRead() {
    const seq = this.conversation.readSeq;
    if (seq <= this.readTold || this.waiting) return;
    if (this.socket?.readyState === WebSocket.OPEN && this.welcomed) {
      this.socket.send(JSON.stringify({ type: "read", seq }));
      this.readTold = seq;
    } else if (this.polling) {
      const before = this.readTold;
      this.readTold = seq;
      this.request("/v1/chat/read", { seq }).catch(() => { this.readTold = before; });
    }
  }

  // --- long polling ---

  async poll() {
    const polling = (this.polling = new AbortController());
    const socketAgainAt = Date.now() + SOCKET_AGAIN_MS;
    let wait = 0;
    try {
      while (this.running && Date.now() < socketAgainAt) {
        const path = `/v1/chat/messages?after=${this.conversation.lastSeq}&wait=${wait}&queue=${this.position}`;
        const askedAt = Date.now();
        const page = await this.request(path, undefined, polling.signal);
        this.failures = 0;
        this.on.state("online");
        for (const message of page.items) this.on.frame({ type: "message", ...message });
        if (page.queue) this.moved(page.queue);
        this.post();
        this.tellRead();
        // A server with no place to wait in answers at once; asking at once again would make that worse.
        if (wait && !page.items.length && Date.now() - askedAt < POLL_PAUSE_MS) {
          await new Promise((resolve) => setTimeout(resolve, POLL_PAUSE_MS * (1 + Math.random())));
        }
        wait = POLL_WAIT_S;
      }
      this.polling = null;
      this.socketFailures = 0;
      this.connect();
    } catch (error) {
      this.polling = null;
      this.requestFailed(error);
    }
  }

  moved(queue) {
    this.position = queue.position;
    this.on.frame(queue);
  }

  async post() {
    if (this.posting) return;
    this.posting = true;
    try {
      for (let next; (next = this.conversation.unsent[0]) && this.polling;) await this.postOne(next);
    } finally {
      this.posting = false;
    }
  }

  async postOne({ client_id, text }) {
    try {
      this.on.frame({ type: "accepted", ...(await this.request("/v1/chat/messages", { client_id, text })) });
    } catch (error) {
      if (error.status >= 400 && error.status < 500 && error.status !== 401 && error.status !== 429) {
        this.on.frame({ type: "error", code: error.code, client_id });
        return;
      }
      await new Promise((resolve) => setTimeout(resolve, (error.retryAfterS || 2) * 1000));
      if (error.status === 401) this.polling?.abort();
    }
  }

  requestFailed(error) {
    if (!this.running) return;
    if (error.status === 401) {
      this.stop();
      this.on.sessionLost();
    } else {
      this.socketFailures = 0;
      this.pause(error.retryAfterS);
    }
  }

  request(path, body, signal) {
    return request(this.server + path, { body, signal, token: this.conversation.session.session_token });
  }
}

const request = async (url, { body, token, signal }) => {
  const headers = {};
  if (token) headers.authorization = `Bearer ${token}`;
  if (body) headers["content-type"] = "application/json";
  const response = await fetch(url, {
    method: body ? "POST" : "GET",
    headers,
    signal,
    body: body && JSON.stringify(body),
    credentials: "omit",
  });
  const answer = await response.json().catch(() => ({}));
  if (response.ok) return answer;
  throw new Refused(response.status, { ...answer, retryAfterS: Number(response.headers.get("retry-after")) || 0 });
};
