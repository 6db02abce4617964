// What the phone sounds like: the voice that reads prompts out, ringing, the keys, the tone before a recording.

const READING_MS_PER_CHARACTER = 55;
const SHORTEST_MS = 700;
const GRACE_MS = 6000;
const ROWS = [697, 770, 852, 941];
const COLUMNS = [1209, 1336, 1477];
const KEYS = "123456789*0#";

const wait = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

function voiceFor(language) {
  const voices = window.speechSynthesis?.getVoices() ?? [];
  const short = language.slice(0, 2).toLowerCase();
  return voices.find((voice) => voice.lang.replace("_", "-").toLowerCase().startsWith(short));
}

// Speaks where the browser has a voice of that language; elsewhere a prompt lasts as long as it takes to read it.
export class Speaker {
  #muted = false;
  #stop = () => {};
  #audio = null;

  get muted() {
    return this.#muted;
  }

  set muted(muted) {
    this.#muted = muted;
    if (this.#audio) this.#audio.muted = muted;
    if (muted) window.speechSynthesis?.cancel();
  }

  // Browsers let a page speak only after its owner has touched it.
  unlock() {
    window.speechSynthesis?.getVoices();
  }

  stop() {
    window.speechSynthesis?.cancel();
    this.#audio?.pause();
    this.#stop();
  }

  async say(text, language) {
    const reading = Math.max(SHORTEST_MS, text.length * READING_MS_PER_CHARACTER);
    const stopped = new Promise((resolve) => (this.#stop = resolve));
    const voice = voiceFor(language);
    const told = voice && !this.#muted ? this.#speak(text, language, voice, reading) : wait(reading);
    await Promise.race([told, stopped]);
  }

  async #speak(text, language, voice, reading) {
    const utterance = new SpeechSynthesisUtterance(text);
    utterance.lang = language;
    utterance.voice = voice;
    const finished = new Promise((resolve) => {
      utterance.addEventListener("end", resolve);
      utterance.addEventListener("error", () => resolve(wait(reading)));
    });
    window.speechSynthesis.speak(utterance);
    // Some browsers never tell the end.
    await Promise.race([finished, wait(reading * 2 + GRACE_MS)]);
  }

  async play(url) {
    this.#audio = new Audio(url);
    this.#audio.muted = this.#muted;
    const stopped = new Promise((resolve) => (this.#stop = resolve));
    const finished = new Promise((resolve) => {
      for (const event of ["ended", "error"]) this.#audio.addEventListener(event, resolve);
    });
    this.#audio.play().catch(this.#stop);
    await Promise.race([finished, stopped]);
  }
}

export class Ringer {
  #context = null;
  #ringing = null;

  start() {
    if (this.#ringing) return;
    const ring = () => {
      this.#sound([440, 480], 0.9, 0.08);
      navigator.vibrate?.([400, 200, 400]);
    };
    ring();
    this.#ringing = setInterval(ring, 2500);
  }

  stop() {
    clearInterval(this.#ringing);
    this.#ringing = null;
  }

  key(digit) {
    const place = KEYS.indexOf(digit);
    this.#sound([ROWS[Math.floor(place / 3)], COLUMNS[place % 3]], 0.12, 0.06);
  }

  async beep() {
    this.#sound([1000], 0.35, 0.1);
    await wait(400);
  }

  #sound(frequencies, seconds, volume) {
    // Without a touch of the page first, browsers keep it silent; ringing is shown as well.
    if (!navigator.userActivation?.hasBeenActive) return;
    this.#context ??= new AudioContext();
    const gain = this.#context.createGain();
    gain.gain.value = volume;
    gain.connect(this.#context.destination);
    for (const frequency of frequencies) {
      const oscillator = this.#context.createOscillator();
      oscillator.frequency.value = frequency;
      oscillator.connect(gain);
      oscillator.start();
      oscillator.stop(this.#context.currentTime + seconds);
    }
  }
}
