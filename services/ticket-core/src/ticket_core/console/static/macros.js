// Where the cursor stands is known to the browser only: without script the server puts a placeholder behind both texts.
(() => {
  "use strict";
  let last = null;

  document.addEventListener("focusin", (event) => {
    if (event.target.matches("textarea")) last = event.target;
  });

  document.addEventListener(
    "click",
    (event) => {
      const button = event.target.closest("[data-placeholder]");
      if (!button || !last?.isConnected || last.form !== button.form) return;
      event.preventDefault();
      event.stopPropagation();
      last.setRangeText(button.dataset.placeholder, last.selectionStart, last.selectionEnd, "end");
      last.focus();
    },
    true,
  );
})();
