const calls = [];
global.ShowErrorMessage = class {
  constructor(message, session) {
    Object.assign(this, { message, session });
  }
};
console.log = () => {};
const hook = require("./hook.js");
hook(JSON.parse(process.env.EVENT), (result) => calls.push(result), (result) => calls.push({ denied: result }))
  .catch((error) => calls.push({ thrown: error.message }))
  .finally(() => process.stdout.write(JSON.stringify(calls)));
