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

// What was wrong stays marked only as long as it may still be: until it is another value that the browser has nothing against.
const summary = document.getElementById("summary");

function mark(field, error, wrong) {
  const line = summary?.querySelector(`a[href="#${CSS.escape(field.id)}"]`)?.closest("li");
  if (wrong) field.setAttribute("aria-invalid", "true");
  else field.removeAttribute("aria-invalid");
  error.textContent = wrong ? error.dataset.words : "";
  error.hidden = !wrong;
  if (!line) return;
  line.hidden = !wrong;
  summary.hidden = !summary.querySelector("li:not([hidden])");
}

for (const field of document.querySelectorAll("[aria-invalid]")) {
  const error = document.getElementById(`${field.id}-error`);
  if (!error) continue;
  error.dataset.words = error.textContent;
  const sent = field.value;
  const checks = field.type === "checkbox";
  const judge = () => mark(field, error, !(field.validity.valid && (checks || field.value.trim() !== sent.trim())));
  field.addEventListener("input", judge);
  field.addEventListener("change", judge);
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
