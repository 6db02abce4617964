// Records the microphone and hands it over as telephones sound: WAV, 8 kHz, mono, 16 bits.

const RATE = 8000;

export class Recorder {
  #show;
  #stream = null;
  #recorder = null;
  #chunks = [];
  #watch = null;

  // `show` gets the loudness, 0 to 1, while recording.
  constructor(show) {
    this.#show = show;
  }

  // Whether there is a microphone, and its owner lets us use it.
  async start() {
    try {
      this.#stream = await navigator.mediaDevices.getUserMedia({ audio: true });
      this.#recorder = new MediaRecorder(this.#stream);
    } catch {
      this.cancel();
      return false;
    }
    this.#chunks = [];
    this.#recorder.addEventListener("dataavailable", (event) => this.#chunks.push(event.data));
    this.#recorder.start(250);
    this.#listen();
    return true;
  }

  async finish() {
    const recorder = this.#recorder;
    if (!recorder) return null;
    const stopped = new Promise((resolve) => recorder.addEventListener("stop", resolve, { once: true }));
    recorder.stop();
    await stopped;
    const sound = new Blob(this.#chunks, { type: recorder.mimeType });
    this.cancel();
    return asTelephone(sound);
  }

  cancel() {
    if (this.#recorder?.state === "recording") this.#recorder.stop();
    this.#stream?.getTracks().forEach((track) => track.stop());
    this.#watch?.close();
    this.#stream = this.#recorder = this.#watch = null;
    this.#show(0);
  }

  async durationOf(file) {
    try {
      return (await decode(file)).duration;
    } catch {
      return 0;
    }
  }

  #listen() {
    this.#watch = new AudioContext();
    const analyser = this.#watch.createAnalyser();
    this.#watch.createMediaStreamSource(this.#stream).connect(analyser);
    const samples = new Float32Array(analyser.fftSize);
    const watch = this.#watch;
    const look = () => {
      if (this.#watch !== watch) return;
      analyser.getFloatTimeDomainData(samples);
      this.#show(Math.min(1, Math.sqrt(samples.reduce((sum, s) => sum + s * s, 0) / samples.length) * 4));
      requestAnimationFrame(look);
    };
    look();
  }
}

// One second of this is enough for a message where there is no microphone.
export function tone(seconds) {
  const samples = new Float32Array(RATE * seconds);
  for (let n = 0; n < samples.length; n++) samples[n] = 0.4 * Math.sin((2 * Math.PI * 440 * n) / RATE);
  return wav(samples);
}

async function decode(sound) {
  const context = new OfflineAudioContext(1, 1, RATE);
  return context.decodeAudioData(await sound.arrayBuffer());
}

async function asTelephone(sound) {
  try {
    const decoded = await decode(sound);
    const context = new OfflineAudioContext(1, Math.ceil(decoded.duration * RATE), RATE);
    const source = context.createBufferSource();
    source.buffer = decoded;
    source.connect(context.destination);
    source.start();
    return wav((await context.startRendering()).getChannelData(0));
  } catch {
    // Better as the browser recorded it than not at all.
    return sound;
  }
}

function wav(samples) {
  const view = new DataView(new ArrayBuffer(44 + samples.length * 2));
  const text = (at, letters) => [...letters].forEach((l, n) => view.setUint8(at + n, l.charCodeAt(0)));
  text(0, "RIFF");
  view.setUint32(4, 36 + samples.length * 2, true);
  text(8, "WAVEfmt ");
  view.setUint32(16, 16, true);
  view.setUint16(20, 1, true);
  view.setUint16(22, 1, true);
  view.setUint32(24, RATE, true);
  view.setUint32(28, RATE * 2, true);
  view.setUint16(32, 2, true);
  view.setUint16(34, 16, true);
  text(36, "data");
  view.setUint32(40, samples.length * 2, true);
  samples.forEach((s, n) => view.setInt16(44 + n * 2, Math.max(-1, Math.min(1, s)) * 32767, true));
  return new Blob([view.buffer], { type: "audio/wav" });
}
