// The script `Get User` of a custom database. Auth0 runs it for users whom it does not have: at a sign-up, when a password is
// reset, and when an address is changed. In the settings of the connection, LANDFALL_TOKEN is the token of the caller.
function getUser(email, callback) {
  // where organizations are on, Auth0 puts their context before the callback
  const done = arguments[arguments.length - 1];
  const ask = (operation) =>
    fetch("{{url}}", {
      method: "POST",
      headers: { authorization: `Bearer ${configuration.LANDFALL_TOKEN}`, "content-type": "application/json" },
      body: JSON.stringify({ operation, identifier: email }),
      redirect: "error",
      signal: AbortSignal.timeout(9000),
    }).then((answer) => answer.json());
  ask("getUser")
    .then(async ({ outcome, profile }) => {
      if (outcome === "accepted" && profile) return [null, profile];
      if (outcome !== "unknown") throw new Error("no answer");
      // customers who are locked have no profile, and must not register a second time
      const login = await ask("signUpCheck");
      if (login.outcome === "free") return [null];
      if (login.outcome === "reserved") return [new Error("This login is already in use. Contact support.")];
      throw new Error("no answer");
    })
    .catch(() => [new Error("Temporarily unavailable. Try again later.")])
    .then((result) => done(...result));
}
