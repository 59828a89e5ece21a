/**
 * Strivacity, hook PRE_PASSWORD: migrates customers of a legacy system at their first login, by Landfall.
 * Printed by `landfall bridge script strivacity pre-password`.
 *
 * Public are: the types of hooks, the signature `module.exports = async function (args, callback, deny)`, `console.log`, packages of
 * npm, and of the arguments `customer.ip_address` and `session` (published samples for other hooks). NOT public are the other
 * arguments of this hook, its results, and how a secret is read. They are in your tenant: Lifecycle event hooks > this hook > Code
 * snippets, or GET /admin/api/v2/pluginLibrary/eventHookSnippets. Fill in `tenant` from there; until then the hook fails.
 *
 * Add the package `axios`. Landfall writes the account and its password before it answers, so that whatever it says the hook goes
 * on, and Strivacity checks the password itself: the one that Landfall has just stored, or the one that the customer chose here.
 */
const axios = require("axios");

const LANDFALL = "{{url}}";
const TIMEOUT = 9000;

const tenant = {
  /** The token of the caller in Landfall's settings, from a secret of the tenant. */
  token: (args) => missing("token"),
  /** What the customer typed: user name, mail address or phone number. */
  identifier: (args) => missing("identifier"),
  /** The password that the customer typed. */
  password: (args) => missing("password"),
  /** Goes on, so that Strivacity checks the password. */
  proceed: (args, callback) => missing("proceed"),
};

module.exports = async function (args, callback, deny) {
  const { outcome } = await ask("/password", {
    identifier: tenant.identifier(args),
    password: tenant.password(args),
    ip: args.customer?.ip_address,
  }, tenant.token(args));
  if (outcome === "unavailable") {
    // Who is migrated signs in all the same.
    console.log("Landfall: unavailable; customers who are not migrated see a wrong password");
  }
  tenant.proceed(args, callback);
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
