// What a host site would do itself: open the chat from its own button, and say who is signed in.
const chat = document.querySelector("kawal-chat");
const [signIn, signOut, signedIn] = ["[data-sign-in]", "[data-sign-out]", "[data-signed-in]"].map((selector) =>
  document.querySelector(selector));

const showSignedIn = (token) => {
  chat.identityToken = token;
  if (!signIn) return;
  signIn.hidden = Boolean(token);
  signOut.hidden = signedIn.hidden = !token;
};

document.querySelector("[data-open-chat]").addEventListener("click", () => chat.show());
signIn?.addEventListener("click", async () => {
  const response = await fetch("/demonstration/identity-token", { method: "POST" });
  if (!response.ok) return;
  const token = await response.text();
  sessionStorage.setItem("identity-token", token);
  showSignedIn(token);
});
signOut?.addEventListener("click", () => {
  sessionStorage.removeItem("identity-token");
  showSignedIn(null);
});
if (signIn && sessionStorage.getItem("identity-token")) showSignedIn(sessionStorage.getItem("identity-token"));
