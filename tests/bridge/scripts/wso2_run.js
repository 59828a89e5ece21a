// The functions that WSO2 gives to a login script, for one login. Prints what became of it.
const { readFileSync } = require('fs');
const vm = require('vm');

const { script, token, username, password, migrated } = JSON.parse(process.env.LOGIN);
const user = { uniqueId: 'u-1', localClaims: { 'http://wso2.org/claims/is_migrated': migrated ? 'true' : undefined } };
const seen = { ended: 'signed in', stored: null, steps: 0 };

async function httpPost(url, body, headers, auth, events) {
    let data;
    try {
        const authorization = 'Bearer ' + auth.properties.token;
        const answer = await fetch(url, { method: 'POST', headers: { ...headers, authorization }, body: JSON.stringify(body) });
        if (!answer.ok) throw new Error(String(answer.status));
        data = await answer.json();
    } catch (error) {
        return events.onFail({}, {});
    }
    return events.onSuccess({}, data);
}

async function prompt(page, { waitingConfigs }, events) {
    const answer = await fetch(waitingConfigs.pollingEndpoint + '?' + waitingConfigs.requestData);
    const { status } = answer.ok ? await answer.json() : {};
    return status === 'COMPLETE' ? events.onSuccess({}) : events.onFail({}, {});
}

const product = {
    secrets: { landfallToken: token },
    resolveMultiAttributeLoginIdentifier: (login) => login,
    getUniqueUserWithClaimValues: () => user,
    sendError: (page, error) => { seen.ended = error.status; },
    updateUserPassword: (who, stored, events) => { seen.stored = stored; events.onSuccess({}); },
    executeStep: (step, ...more) => {
        seen.steps += 1;
        const request = { params: { username: [username], password: [password] } };
        if (seen.steps === 1) more[0].onFail({ request, tenantDomain: 'carbon.super' });
    },
    httpPost,
    prompt,
};
vm.createContext(product);
vm.runInContext(readFileSync(script, 'utf8'), product);
product.onLoginRequest({});
process.on('exit', () => console.log(JSON.stringify(seen)));
