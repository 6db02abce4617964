// Icons from Lucide (ISC licence), 24 px grid, drawn with the current colour.
const ICONS = {
  chat: '<path d="M7.9 20A9 9 0 1 0 4 16.1L2 22Z"/>',
  close: '<path d="M18 6 6 18"/><path d="m6 6 12 12"/>',
  send: '<path d="m3 3 3 9-3 9 19-9Z"/><path d="M6 12h16"/>',
  sending: '<circle cx="12" cy="12" r="10"/><path d="M12 6v6l4 2"/>',
  accepted: '<path d="M20 6 9 17l-5-5"/>',
  delivered: '<path d="M20 6 9 17l-5-5"/>',
  read: '<path d="M18 6 7 17l-5-5"/><path d="m22 10-7.5 7.5L13 16"/>',
  failed: '<circle cx="12" cy="12" r="10"/><path d="M12 8v4"/><path d="M12 16h.01"/>',
  copy: '<rect width="14" height="14" x="8" y="8" rx="2"/><path d="M4 16c-1.1 0-2-.9-2-2V4c0-1.1.9-2 2-2h10c1.1 0 2 .9 2 2"/>',
  down: '<path d="M12 5v14"/><path d="m19 12-7 7-7-7"/>',
};

const icon = (name) => {
  const holder = document.createElement("template");
  holder.innerHTML = `<svg viewBox="0 0 24 24" aria-hidden="true" focusable="false">${ICONS[name]}</svg>`;
  return holder.content.firstChild;
};
