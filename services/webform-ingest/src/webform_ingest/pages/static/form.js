// Comfort only: the form works without it.

const root = document.documentElement;
root.classList.add("script");

(document.getElementById("summary") ?? document.getElementById("notice"))?.focus();

for (const hint of document.querySelectorAll("[data-when-field]")) {
  const field = document.getElementById(hint.dataset.whenField);
  const update = () => {
    const value = field.type === "checkbox" ? String(field.checked) : field.value;
    hint.hidden = value !== hint.dataset.whenValue;
  };
  field.addEventListener("change", update);
  update();
}

// Tells that it is being sent. A second press would do no harm: the hidden key makes it the same submission.
for (const form of document.querySelectorAll("form[data-sending]")) {
  form.addEventListener("submit", (event) => {
    const button = event.submitter;
    if (!button || button.classList.contains("visually-hidden")) return;
    button.dataset.words = button.textContent;
    button.setAttribute("aria-busy", "true");
    if (button.classList.contains("button--primary")) button.textContent = form.dataset.sending;
  });
  window.addEventListener("pageshow", () => {
    for (const button of form.querySelectorAll("[aria-busy]")) {
      button.removeAttribute("aria-busy");
      if (button.dataset.words) button.textContent = button.dataset.words;
    }
  });
}
