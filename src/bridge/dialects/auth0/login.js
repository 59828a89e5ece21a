// The script `login` of a custom database. Auth0 runs it for users whom it does not have, and imports them if the password is
// right. In the settings of the connection, LANDFALL_TOKEN is the token of the caller.
function login(userNameOrEmail, password, callback) {
  // where organizations are on, Auth0 puts their context before the callback
  const done = arguments[arguments.length - 1];
  fetch("{{url}}", {
    method: "POST",
    headers: { authorization: `Bearer ${configuration.LANDFALL_TOKEN}`, "content-type": "application/json" },
    body: JSON.stringify({ operation: "login", identifier: userNameOrEmail, password }),
    redirect: "error",
    signal: AbortSignal.timeout(10000),
  })
    .then((answer) => answer.json())
    .then(({ outcome, profile }) => {
      if (outcome === "accepted" && profile) return [null, profile];
      // the same for every reason, also in the logs of Auth0
      if (outcome === "refused") return [new WrongUsernameOrPasswordError(userNameOrEmail)];
      throw new Error("no answer");
    })
    // an outage is never a wrong password
    .catch(() => [new Error("Sign-in is temporarily unavailable. Try again later.")])
    .then((result) => done(...result));
}
