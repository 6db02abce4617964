// A row of the list of texts or of calls: what it was, and below it with whom and when.

export function row(content, who, at) {
  const item = document.createElement("li");
  const title = document.createElement("span");
  title.textContent = content;
  const small = document.createElement("span");
  small.className = "meta number";
  small.textContent = `${who} · ${moment(at)}`;
  item.append(title, small);
  return item;
}

function moment(at) {
  return new Date(at).toLocaleTimeString(document.documentElement.lang, { hour: "2-digit", minute: "2-digit" });
}
