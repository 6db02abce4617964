// The browser phone: shows what the network says, and tells it what its owner does. See emulator/phones.py.
import { CallClock } from "./phone-clock.js";
import { row } from "./phone-lists.js";
import { Recorder, tone } from "./phone-recorder.js";
import { Ringer, Speaker } from "./phone-sound.js";

const CHUNK = 32 * 1024;
const MAX_RECORDING = 8 * 1024 * 1024;
const MAX_CAPTIONS = 60;
const RECONNECT_MS = [500, 1000, 2000, 4000];
const GOING_ON = new Set(["queued", "ringing", "in-progress"]);
const STORED = "kawal-phone-number";

const root = document.querySelector("[data-phone]");
const words = JSON.parse(document.getElementById("phone-texts").textContent);
const part = (name) => document.querySelector(`[data-${name}]`);

const speaker = new Speaker();
const ringer = new Ringer();
const clock = new CallClock(part("timer"));
const recorder = new Recorder((level) => part("level").style.setProperty("--level", level));

let socket = null;
let attempts = 0;
let elsewhere = false;
let number = root.dataset.number || localStorage.getItem(STORED) || randomNumber();
let call = null;
let recording = null;
let putDown = null; // the call that was ended while the line was away, of which the network does not know yet
const log = new Map();

function randomNumber() {
  const digits = crypto.getRandomValues(new Uint32Array(1))[0] % 100_000_000;
  return `+62812${String(digits).padStart(8, "0")}`;
}

// --- The line ---

function open() {
  elsewhere = false;
  const address = new URL("/phone/ws", location.href);
  address.protocol = location.protocol === "https:" ? "wss:" : "ws:";
  address.searchParams.set("number", number);
  const opened = new WebSocket(address);
  socket = opened;
  opened.addEventListener("message", (event) => {
    if (socket === opened) handle(JSON.parse(event.data));
  });
  opened.addEventListener("close", () => {
    if (socket === opened) lost();
  });
}

function lost() {
  const refused = attempts > 0 && !root.dataset.line && !root.dataset.known;
  delete root.dataset.line;
  quiet();
  stopRecorder();
  ringer.stop();
  if (elsewhere) call = null;
  part("link").textContent = elsewhere ? words.elsewhere : words.disconnected;
  part("number-error").hidden = !refused;
  show();
  if (!elsewhere) setTimeout(open, RECONNECT_MS[Math.min(attempts++, RECONNECT_MS.length - 1)]);
}

function send(frame) {
  if (socket?.readyState === WebSocket.OPEN) socket.send(JSON.stringify(frame));
}

function handle(frame) {
  const handlers = {
    ready,
    call: onCall,
    say: onSay,
    play: (f) => speaker.play(f.url).then(() => spoken(f)),
    listen: (f) => mark("listening", f.step),
    quiet: () => quiet(),
    record: onRecord,
    text: addText,
    error: (f) => (elsewhere = f.code === "opened_elsewhere"),
  };
  if (frame.sid !== undefined && frame.sid === putDown) hungUp(frame);
  else handlers[frame.type]?.(frame);
}

function hungUp(frame) {
  if (frame.type !== "call") return;
  if (GOING_ON.has(frame.status)) send({ type: "hangup" });
  else onCall(frame);
}

function ready(frame) {
  attempts = 0;
  number = frame.number;
  localStorage.setItem(STORED, number);
  root.dataset.line = "up";
  root.dataset.known = "yes";
  part("own").textContent = number;
  part("link").textContent = words.connected;
  part("number-error").hidden = true;
  document.getElementById("number").value = number;
  part("texts").replaceChildren();
  frame.texts.forEach(addText);
  log.clear();
  [...frame.calls].reverse().forEach((one) => log.set(one.sid, one));
  drawLog();
  resume();
}

// The line is back: the call may have gone on without us, or not.
function resume() {
  const before = call;
  const now = log.get(before?.sid);
  call = now && GOING_ON.has(now.status) ? now : null;
  show();
  if (before && !call) part("status").textContent = words.ended_lost;
}

// --- A call ---

function onCall(frame) {
  const begins = call?.sid !== frame.sid && GOING_ON.has(frame.status);
  if (!begins && call && call.sid !== frame.sid) {
    log.set(frame.sid, frame);
    drawLog();
    return;
  }
  if (begins) part("captions").replaceChildren();
  call = GOING_ON.has(frame.status) ? frame : null;
  log.delete(frame.sid);
  log.set(frame.sid, frame);
  drawLog();
  if (frame.status === "ringing") ringer.start();
  else ringer.stop();
  if (!call) ended(frame);
  else show();
}

function ended(frame) {
  speaker.stop();
  stopRecorder();
  show();
  part("status").textContent = words[`ended_${frame.status}`] ?? words.ended_completed;
}

function state() {
  if (!call) return "idle";
  if (root.dataset.line !== "up") return "cut";
  if (recording) return "recording";
  return call.status === "in-progress" ? "talking" : "ringing";
}

function show() {
  const now = state();
  const calling = now === "talking" || now === "recording";
  root.dataset.state = now;
  if (!calling) mark("listening", false);
  status();
  for (const key of document.querySelectorAll("[data-key]")) key.disabled = !calling;
  part("call").disabled = root.dataset.line !== "up" || calling;
  part("end").disabled = now === "idle";
  const call_label = part("call-label");
  call_label.textContent = now === "ringing" ? call_label.dataset.answer : call_label.dataset.dial;
  const end_label = part("end-label");
  end_label.textContent = now === "ringing" ? end_label.dataset.refuse : end_label.dataset.hangUp;
  clock.show(call?.status === "in-progress" ? call : null, calling);
}

function status() {
  const now = state();
  const listening = now === "talking" && root.dataset.listening;
  if (!recording?.silent) part("status").textContent = words[listening ? "listening" : now];
}

function mark(name, on) {
  if (on) root.dataset[name] = on;
  else delete root.dataset[name];
  if (call) status();
}

function quiet() {
  mark("listening", false);
  speaker.stop();
}

function spoken(frame) {
  if (call?.sid === frame.sid) send({ type: "spoken", step: frame.step });
}

async function onSay(frame) {
  const bubble = caption(frame.text, "phone__caption");
  bubble.lang = frame.language;
  bubble.classList.add("phone__caption--now");
  await speaker.say(frame.text, frame.language);
  bubble.classList.remove("phone__caption--now");
  spoken(frame);
}

function caption(text, ...classes) {
  const list = part("captions");
  const bubble = document.createElement("li");
  bubble.classList.add(...classes);
  // Spelt digits stay together: a number is read in its groups.
  bubble.textContent = text.replace(/(\d) (?=\d)/g, "$1\u00a0");
  list.append(bubble);
  while (list.children.length > MAX_CAPTIONS) list.firstElementChild.remove();
  scrollDown();
  return bubble;
}

function scrollDown() {
  const list = part("captions");
  list.scrollTop = list.scrollHeight;
}

function press(digit) {
  if (state() !== "talking" && state() !== "recording") return;
  ringer.key(digit);
  const button = document.querySelector(`[data-key="${CSS.escape(digit)}"]`);
  button.classList.add("phone__key--down");
  setTimeout(() => button.classList.remove("phone__key--down"), 150);
  if (recording) {
    if (recording.finish.includes(digit)) finishRecording();
    return;
  }
  speaker.stop();
  keyed(digit);
  send({ type: "key", digit });
}

function keyed(digit) {
  const last = part("captions").lastElementChild;
  if (last?.dataset.keys) {
    last.dataset.keys += digit;
    last.textContent = last.dataset.keys;
    return;
  }
  const bubble = caption(digit, "phone__caption", "phone__caption--own");
  bubble.dataset.keys = digit;
  bubble.setAttribute("aria-label", `${words.keyed} ${digit}`);
}

function start() {
  speaker.unlock();
  if (state() === "ringing") send({ type: "answer" });
  else if (state() === "idle") send({ type: "dial" });
}

async function end() {
  if (state() === "cut") return putDownUnheard();
  if (recording) await finishRecording();
  send({ type: "hangup" });
}

// Whoever hangs up has hung up; the network hears of it when the line is back.
function putDownUnheard() {
  putDown = call.sid;
  onCall({ ...call, status: "completed" });
}

// --- Recording ---

async function onRecord(frame) {
  recording = { step: frame.step, finish: frame.finish, since: Date.now(), silent: false };
  const mine = recording;
  await ringer.beep();
  const heard = await recorder.start();
  if (recording !== mine) return;
  mine.silent = !heard;
  mine.since = Date.now();
  part("recorder").hidden = false;
  part("level").hidden = !heard;
  part("with-microphone").hidden = !heard;
  part("without-microphone").hidden = heard;
  show();
  if (!heard) part("status").textContent = words.no_microphone;
  scrollDown();
  mine.limit = setTimeout(finishRecording, frame.max_s * 1000);
}

function stopRecorder() {
  clearTimeout(recording?.limit);
  recording = null;
  recorder.cancel();
  part("recorder").hidden = true;
}

async function finishRecording() {
  if (!recording || recording.silent) return;
  const { since, limit } = recording;
  clearTimeout(limit);
  recording.silent = true;
  const sound = await recorder.finish();
  deliver(sound, (Date.now() - since) / 1000);
}

function deliver(sound, duration) {
  stopRecorder();
  if (root.dataset.line !== "up") return;
  if (sound && sound.size > 0) {
    upload(sound, duration);
    caption(words.recorded, "phone__caption", "phone__caption--own");
  } else {
    send({ type: "silence" });
  }
  show();
}

async function upload(sound, duration) {
  const line = socket;
  const bytes = await sound.arrayBuffer();
  for (let at = 0; at < bytes.byteLength; at += CHUNK) line.send(bytes.slice(at, at + CHUNK));
  line.send(JSON.stringify({ type: "recorded", media_type: sound.type, duration_s: duration }));
}

async function deliverFile(file) {
  if (file.size > MAX_RECORDING) {
    part("status").textContent = words.too_large;
    return;
  }
  deliver(file, await recorder.durationOf(file));
}

// --- Texts and the log ---

function addText(text) {
  part("texts-empty").hidden = true;
  part("texts").prepend(row(text.body, text.from, text.at));
}

function drawLog() {
  part("calls-empty").hidden = log.size > 0;
  const shown = [...log.values()].reverse().map((one) => {
    return row(`${words[one.direction]} · ${inWords(one.status)}`, one.other, one.at);
  });
  part("calls").replaceChildren(...shown);
}

function inWords(status) {
  if (status === "in-progress") return words.talking;
  return GOING_ON.has(status) ? words.calling : words[`ended_${status}`];
}

// --- Hands ---

document.addEventListener("click", (event) => {
  const key = event.target.closest("[data-key]");
  if (key) press(key.dataset.key);
});
document.addEventListener("keydown", (event) => {
  const typing = event.target.closest("input, textarea, select, [contenteditable]");
  if (typing || event.ctrlKey || event.metaKey || event.altKey || event.repeat) return;
  if (/^[0-9*#]$/.test(event.key)) press(event.key);
  else if (event.key === "Escape" && state() !== "idle") end();
  else if (event.key === "Enter" && !event.target.closest("button, a")) start();
});
part("call").addEventListener("click", start);
part("end").addEventListener("click", end);
part("speaker").addEventListener("click", (event) => {
  const button = event.currentTarget;
  speaker.muted = button.getAttribute("aria-pressed") === "true";
  button.setAttribute("aria-pressed", String(!speaker.muted));
});
part("record-done").addEventListener("click", finishRecording);
part("record-cancel").addEventListener("click", () => deliver(null, 0));
part("record-skip").addEventListener("click", () => deliver(null, 0));
part("record-tone").addEventListener("click", () => deliver(tone(1), 1));
part("record-file").addEventListener("change", (event) => {
  const [file] = event.target.files;
  event.target.value = "";
  if (file && recording) deliverFile(file);
});
part("number-form").addEventListener("submit", (event) => {
  event.preventDefault();
  number = new FormData(event.target).get("number").replace(/[^+0-9]/g, "");
  delete root.dataset.known;
  attempts = 1;
  const old = socket;
  open();
  old?.close();
});

show();
open();
