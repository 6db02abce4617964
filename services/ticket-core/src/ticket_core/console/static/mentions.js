// Whom a note calls: behind an @, the names of colleagues that go on like it are offered. Without this script, and for
// whoever does not choose, a name is just typed.
(() => {
  "use strict";
  const most = 6;
  const begun = /(?:^|[^\p{L}\p{N}_.@])@([\p{L}\p{N}_.' -]{0,60})$/u;
  let offered = []; // names, as the list shows them
  let marked = 0;

  const list = () => document.getElementById("mention-list");
  const isNote = (element) => element?.matches?.("textarea[data-mentions]");
  const colleagues = () => [...document.querySelectorAll("#colleagues option")].map((option) => option.value);
  const typed = (box) => begun.exec(box.value.slice(0, box.selectionStart))?.[1];

  // A name is found by the beginning of any of its words.
  function fitting(words) {
    const wanted = words.toLowerCase();
    const found = colleagues().filter((name) => {
      const plain = name.toLowerCase();
      return plain.startsWith(wanted) || (wanted && plain.includes(` ${wanted}`));
    });
    return found.slice(0, most);
  }

  function offer(box) {
    const words = typed(box);
    offered = words === undefined ? [] : fitting(words);
    if (offered.length === 1 && words.toLowerCase() === offered[0].toLowerCase()) offered = [];
    marked = 0;
    show(box);
  }

  function show(box) {
    const options = offered.map((name, at) => {
      const option = document.createElement("li");
      option.id = `mention-${at}`;
      option.role = "option";
      option.textContent = name;
      option.ariaSelected = String(at === marked);
      return option;
    });
    list().replaceChildren(...options);
    list().hidden = !options.length;
    if (options.length) box.setAttribute("aria-activedescendant", `mention-${marked}`);
    else box.removeAttribute("aria-activedescendant");
  }

  function close(box) {
    offered = [];
    show(box);
  }

  function choose(box, name) {
    const from = box.selectionStart - typed(box).length;
    box.setRangeText(`${name} `, from, box.selectionStart, "end");
    close(box);
  }

  const moves = { ArrowDown: 1, ArrowUp: -1 };

  function onKey(event) {
    const box = event.target;
    if (!isNote(box) || !offered.length || event.ctrlKey || event.metaKey || event.isComposing) return;
    if (event.key in moves) {
      marked = (marked + moves[event.key] + offered.length) % offered.length;
      show(box);
    } else if (event.key === "Enter" || event.key === "Tab") choose(box, offered[marked]);
    else if (event.key === "Escape") close(box);
    else return;
    event.preventDefault();
  }

  document.addEventListener("keydown", onKey);
  document.addEventListener("input", (event) => isNote(event.target) && offer(event.target));
  document.addEventListener("focusout", (event) => isNote(event.target) && close(event.target));
  // Before the note loses its focus, which would close the list.
  document.addEventListener("mousedown", (event) => {
    const option = event.target.closest?.("#mention-list li");
    if (!option) return;
    event.preventDefault();
    choose(document.querySelector("textarea[data-mentions]"), option.textContent);
  });
})();
