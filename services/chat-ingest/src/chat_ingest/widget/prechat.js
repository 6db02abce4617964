// What is asked in front of the first message, all of it optional.

const FIELDS = { name: "name", phone: "tel", email: "email" };

class Prechat {
  // `onStart(answers)` is told what was filled in.
  constructor(form, onStart) {
    this.form = form;
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      onStart(this.answers());
    });
  }

  draw(fields, texts) {
    if (!fields.length || this.drawn === texts) return;
    this.drawn = texts;
    this.form.replaceChildren(
      element("h3", {}, texts.prechatTitle),
      element("p", {}, texts.prechatMore),
      ...fields.map((field) => this.field(field, texts)),
      element("button", { class: "start", type: "submit" }, texts.start),
    );
  }

  field(field, texts) {
    return element("div", {},
      element("label", { for: field }, texts[field]),
      element("input", {
        id: field, name: field, type: field === "name" ? "text" : FIELDS[field],
        autocomplete: FIELDS[field], maxlength: field === "phone" ? 40 : 200, "aria-describedby": `${field}-error`,
      }),
      element("p", { class: "error", id: `${field}-error`, role: "alert", hidden: true }));
  }

  answers() {
    const answers = {};
    for (const input of this.form.querySelectorAll("input")) {
      input.removeAttribute("aria-invalid");
      this.form.querySelector(`#${input.name}-error`).hidden = true;
      if (input.value.trim()) answers[input.name] = input.value.trim();
    }
    return answers;
  }

  refuse(code, words) {
    const field = code === "invalid_phone_number" ? "phone" : "email";
    const input = this.form.querySelector(`#${field}`);
    if (!input) return;
    const error = this.form.querySelector(`#${field}-error`);
    error.textContent = words;
    error.hidden = false;
    input.setAttribute("aria-invalid", "true");
    input.focus();
  }
}
