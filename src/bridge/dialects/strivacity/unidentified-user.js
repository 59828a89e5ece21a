/**
 * Strivacity, hook UNIDENTIFIED_USER: migrates customers of a legacy system whom Strivacity does not know, by Landfall.
 * Printed by `landfall bridge script strivacity unidentified-user`.
 *
 * Public are: the types of hooks, the signature `module.exports = async function (args, callback, deny)`, `console.log`, packages of
 * npm, and, from published samples for other hooks, `customer.ip_address`, `session`, and the result `ShowErrorMessage(message,
 * session)`. NOT public are the other arguments of this hook, its other results, and how a secret is read. They are in your tenant:
 * Lifecycle event hooks > this hook > Code snippets, or GET /admin/api/v2/pluginLibrary/eventHookSnippets. Fill in `tenant` from there;
 * until then the hook fails.
 *
 * Add the package `axios`. If the hook has the password (a page that asks for both), Landfall creates the account with it. If
 * it has none, the account can only be created without a password, and the customer needs "forgot password": that is
 * off unless CREATE_WITHOUT_PASSWORD is true.
 */
const axios = require("axios");

const LANDFALL = "{{url}}";
const TIMEOUT = 9000;
const CREATE_WITHOUT_PASSWORD = false;
const UNAVAILABLE = "Signing in is temporarily unavailable. Please try again in a minute.";

const tenant = {
  /** The token of the caller in Landfall's settings, from a secret of the tenant. */
  token: (args) => missing("token"),
  /** What the customer typed: user name, mail address or phone number. */
  identifier: (args) => missing("identifier"),
  /** The password that the customer typed, or undefined if this hook has none. */
  password: (args) => missing("password"),
  /** Goes on with the account that exists by now: identifies the customer again. */
  identify: (args, callback) => missing("identify"),
  /** Goes on as if there were no hook. */
  proceed: (args, callback) => missing("proceed"),
};

module.exports = async function (args, callback, deny) {
  const password = tenant.password(args);
  if (password === undefined && !CREATE_WITHOUT_PASSWORD) {
    return tenant.proceed(args, callback);
  }
  const customer = { identifier: tenant.identifier(args), ip: args.customer?.ip_address };
  const { outcome } = password === undefined
    ? await ask("/identify", customer, tenant.token(args))
    : await ask("/password", { ...customer, password }, tenant.token(args));
  if (outcome === "accepted" || outcome === "known") {
    return tenant.identify(args, callback);
  }
  if (outcome === "unavailable") {
    return callback(new ShowErrorMessage(UNAVAILABLE, args.session));
  }
  return tenant.proceed(args, callback);
};

/** What Landfall says; an outage is no refusal. */
async function ask(path, body, token) {
  try {
    const { status, data } = await axios.post(LANDFALL + path, body, {
      headers: { Authorization: `Bearer ${token}`, "Content-Type": "application/json" },
      timeout: TIMEOUT,
      maxRedirects: 0,
      validateStatus: () => true,
    });
    if (status === 200 && typeof data?.outcome === "string") {
      return data;
    }
    console.log(`Landfall: status ${status}`);
  } catch (error) {
    console.log(`Landfall: cannot be asked (${error.code})`);
  }
  return { outcome: "unavailable" };
}

function missing(name) {
  throw new Error(`Landfall: fill in tenant.${name} from the snippet library of your tenant`);
}
