import { useState } from "preact/hooks";
import { logInOf, type Operation, signUpOf, tokenIn } from "./operations.ts";
import { send } from "./send.ts";

export interface TokenFormProps {
  readonly operations: readonly Operation[];
  /** The chosen route does not answer without one. */
  readonly wanted: boolean;
  readonly token: string;
  readonly onToken: (token: string, who: string) => void;
  readonly who: string;
}

const json = { "content-type": "application/json" };

/** The bearer token that requests carry: typed in, or got by logging in where the gateway has a log-in by a usual name. */
export function TokenForm({ operations, wanted, token, onToken, who }: TokenFormProps) {
  const [email, setEmail] = useState("admin@shop.test");
  const [password, setPassword] = useState("");
  const [problem, setProblem] = useState<string>();
  const [busy, setBusy] = useState(false);
  const logIn = logInOf(operations);
  const signUp = signUpOf(operations);

  const attempt = async (work: () => Promise<void>) => {
    setBusy(true);
    setProblem(undefined);
    try {
      await work();
    } catch (error) {
      setProblem(error instanceof Error ? error.message : String(error));
    } finally {
      setBusy(false);
    }
  };
  const enter = async (as: string, secret: string) => {
    const body = JSON.stringify({ email: as, password: secret });
    const answer = await send({ method: "POST", path: logIn!.path, headers: json, body });
    const found = answer.status < 300 ? tokenIn(answer.body) : undefined;
    if (found === undefined)
      throw new Error(`The log-in answered ${answer.status}: ${detailOf(answer.body)}`);
    onToken(found, as);
  };
  const newUser = () =>
    attempt(async () => {
      const id = crypto.randomUUID();
      const address = `visitor-${id.slice(0, 8)}@shop.test`;
      const body = JSON.stringify({ email: address, password: id, name: "Visitor" });
      const answer = await send({ method: "POST", path: signUp!.path, headers: json, body });
      if (answer.status >= 300)
        throw new Error(`The sign-up answered ${answer.status}: ${detailOf(answer.body)}`);
      await enter(address, id);
    });

  return (
    <details class="token-form" open={wanted && token === ""}>
      <summary>
        <strong>Bearer token</strong> <span class="muted">{token === "" ? "none" : who}</span>
      </summary>
      {logIn !== undefined && (
        <form
          class="token-login"
          onSubmit={(event) => {
            event.preventDefault();
            void attempt(() => enter(email, password));
          }}
        >
          <label class="form-field">
            <span>E-mail</span>
            <input
              class="input"
              type="email"
              autocomplete="off"
              value={email}
              onInput={(event) => setEmail(event.currentTarget.value)}
            />
          </label>
          <label class="form-field">
            <span>Password</span>
            <input
              class="input"
              type="password"
              autocomplete="off"
              value={password}
              onInput={(event) => setPassword(event.currentTarget.value)}
            />
          </label>
          <button type="submit" class="button" disabled={busy || password === ""}>
            Log in
          </button>
          {signUp !== undefined && (
            <button type="button" class="button" disabled={busy} onClick={() => void newUser()}>
              As a new user
            </button>
          )}
        </form>
      )}
      {problem !== undefined && (
        <p class="bad-text" role="alert">
          {problem}
        </p>
      )}
      <label class="form-field">
        <span>Token</span>
        <input
          class="input code-input"
          spellcheck={false}
          autocomplete="off"
          value={token}
          onInput={(event) => onToken(event.currentTarget.value.trim(), "typed in")}
        />
      </label>
    </details>
  );
}

function detailOf(body: string): string {
  try {
    const { detail } = JSON.parse(body) as { detail?: unknown };
    return typeof detail === "string" ? detail : "no reason was given";
  } catch {
    return "no reason was given";
  }
}
