// Opens the chat, which is served by another part: it may be away.
"use strict";

const PATIENCE_MS = 8000;
const open = document.getElementById("open-chat");
const away = document.getElementById("chat-away");
const chat = document.getElementById("chat");

customElements.whenDefined("kawal-chat").then(() => {
  away.hidden = true;
  open.hidden = false;
});
setTimeout(() => {
  away.hidden = Boolean(customElements.get("kawal-chat"));
}, PATIENCE_MS);
open.addEventListener("click", () => chat.show());
