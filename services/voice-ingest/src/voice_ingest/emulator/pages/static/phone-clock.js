// How long the call has gone on. It stands still while the line is away: nobody knows then whether the call does.

export class CallClock {
  #element;
  #call = null;
  #since = 0;
  #timer = null;

  constructor(element) {
    this.#element = element;
  }

  // `call` as the network tells of it, or null; `running` when somebody is known to be at the other end.
  show(call, running) {
    this.#element.hidden = !call;
    if (call?.sid !== this.#call) this.#since = Date.now() - (call?.duration_s ?? 0) * 1000;
    this.#call = call?.sid ?? null;
    if (!running) this.#stop();
    else if (!this.#timer) this.#start();
  }

  #start() {
    this.#tick();
    this.#timer = setInterval(() => this.#tick(), 1000);
  }

  #stop() {
    clearInterval(this.#timer);
    this.#timer = null;
  }

  #tick() {
    const seconds = Math.max(0, Math.floor((Date.now() - this.#since) / 1000));
    this.#element.textContent = `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
  }
}
