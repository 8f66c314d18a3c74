import { post } from "../api.js";
import { h, say } from "../dom.js";
import { signIn } from "../session.js";

const email = { name: "email", label: "E-mail", type: "email", autocomplete: "email" };
const name = { name: "name", label: "Name", type: "text", autocomplete: "name", maxlength: 100 };
const password = { name: "password", label: "Password", type: "password" };

export async function signInView({ element, query }) {
  accountForm(element, query, {
    title: "Sign in",
    fields: [email, { ...password, autocomplete: "current-password" }],
    submit: (values) => openSession(values),
    other: ["No account yet?", "Create one", "#/register"],
  });
}

export async function registerView({ element, query }) {
  accountForm(element, query, {
    title: "Create an account",
    fields: [
      name,
      email,
      { ...password, autocomplete: "new-password", minlength: 8, hint: "At least 8 characters" },
    ],
    submit: async (values) => {
      await post("/v1/users", values, { anonymous: true });
      await openSession(values);
    },
    other: ["Have an account?", "Sign in", "#/sign-in"],
  });
}

async function openSession(values) {
  const credentials = { email: values.email, password: values.password };
  signIn(await post("/v1/tokens", credentials, { anonymous: true }));
}

function accountForm(element, query, { title, fields, submit, other }) {
  const next = query.get("next") ?? "/";
  const problem = h("p", { class: "problem", role: "alert" });
  const button = h("button", { class: "button primary wide", type: "submit" }, title);
  const inputs = new Map();

  const send = async (event) => {
    event.preventDefault();
    button.disabled = true;
    showErrors(inputs, new Map());
    problem.textContent = "";
    try {
      await submit(Object.fromEntries(new FormData(event.target)));
      say("Signed in");
      // Only places within this page: `next` came with the address.
      location.hash = next.startsWith("/") ? `#${next}` : "#/";
    } catch (error) {
      const unplaced = showErrors(inputs, error.fields ?? new Map());
      problem.textContent = unplaced ? error.message : "";
      button.disabled = false;
    }
  };

  const [question, answer, target] = other;
  element.replaceChildren(
    h(
      "form",
      { class: "panel narrow", onsubmit: send },
      h("h1", {}, title),
      fields.map((field) => formField(field, inputs)),
      problem,
      button,
      h(
        "p",
        { class: "small dim" },
        `${question} `,
        h("a", { href: `${target}?next=${encodeURIComponent(next)}` }, answer),
      ),
    ),
  );
}

function formField({ label, hint, ...attributes }, inputs) {
  const id = `field-${attributes.name}`;
  const message = h("span", { class: "problem small", id: `${id}-message` });
  const input = h("input", { ...attributes, id, required: true, "aria-describedby": `${id}-message` });
  inputs.set(attributes.name, { input, message });
  return h(
    "p",
    { class: "field" },
    h("label", { for: id }, label),
    input,
    hint ? h("span", { class: "dim small" }, hint) : null,
    message,
  );
}

/** Shows each message at its field. True when there is something left to be said elsewhere. */
function showErrors(inputs, fields) {
  let placed = false;
  for (const [name, { input, message }] of inputs) {
    const text = fields.get(name);
    message.textContent = text ?? "";
    if (text === undefined) input.removeAttribute("aria-invalid");
    else input.setAttribute("aria-invalid", "true");
    if (text !== undefined && !placed) input.focus();
    placed ||= text !== undefined;
  }
  return !placed;
}
