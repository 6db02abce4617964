// Opens the chat, which is served by another part: it may be away.

const PATIENCE_MS = 10000;
const open = document.getElementById("open-chat");
const loading = document.getElementById("chat-loading");
const away = document.getElementById("chat-away");

function tell(shown) {
  for (const one of [open, loading, away]) one.hidden = one !== shown;
}

tell(loading);
customElements.whenDefined("kawal-chat").then(() => tell(open));
document.getElementById("widget").addEventListener("error", () => tell(away));
setTimeout(() => {
  if (!customElements.get("kawal-chat")) tell(away);
}, PATIENCE_MS);
open.addEventListener("click", () => document.getElementById("chat").show());
