// The conditional authentication script of an application: a user whose password is not migrated yet is verified by Landfall.
// The token is the secret `landfallToken` of the script.
var bridge = '{{url}}';

var auth = { type: 'bearer', properties: { token: secrets.landfallToken } };
var headers = { 'Content-Type': 'application/json', 'Accept': 'application/json' };

var wrong = { status: 'Login failed!', statusMsg: 'Please check your username and password and try again.', i18nkey: 'auth.fail.error' };
var unavailable = { status: 'Temporarily unavailable', statusMsg: 'Please try again in a few minutes.', i18nkey: 'auth.fail.unavailable' };

function refuse() { sendError(null, wrong); }
function giveUp() { sendError(null, unavailable); }

var onLoginRequest = function (context) {
    executeStep(1, {
        onFail: function (context) {
            var typed = context.request.params.username[0];
            var password = context.request.params.password[0];
            var username = resolveMultiAttributeLoginIdentifier(typed, context.tenantDomain);
            var user = getUniqueUserWithClaimValues({ 'http://wso2.org/claims/username': 'PRIMARY/' + username }, context);
            if (user === null || user.localClaims['http://wso2.org/claims/is_migrated'] === 'true') {
                refuse();
                return;
            }
            verify({ user: user, typed: typed, username: username, password: password });
        }
    });
};

// Starts the verification, and waits until it is over.
var verify = function (login) {
    var body = { id: login.user.uniqueId, username: login.username, password: login.password };
    httpPost(bridge + '/start-authentication', body, headers, auth, {
        onSuccess: function (context, data) {
            if (!data || data.message !== 'Received') {
                giveUp();
                return;
            }
            prompt('internalWait', {
                waitingType: 'POLLING',
                waitingConfigs: {
                    timeout: '10',
                    pollingEndpoint: bridge + '/authentication-status',
                    requestMethod: 'GET',
                    requestData: 'contextId=' + data.contextId,
                    pollingInterval: '2'
                }
            }, {
                onSuccess: function (context) { fetchVerdict(login, data.contextId); },
                onFail: giveUp
            });
        },
        onFail: giveUp,
        onTimeout: giveUp
    });
};

// A verdict counts once. Only SUCCESS stores the password.
var fetchVerdict = function (login, contextId) {
    var body = { contextId: contextId, username: login.username };
    httpPost(bridge + '/authentication-status', body, headers, auth, {
        onSuccess: function (context, data) {
            if (data && data.status === 'SUCCESS') {
                store(login);
            } else if (data && data.status === 'FAIL' && data.message === 'Invalid credentials') {
                refuse();
            } else {
                giveUp();
            }
        },
        onFail: giveUp,
        onTimeout: giveUp
    });
};

var store = function (login) {
    updateUserPassword(login.user, login.password, {
        onSuccess: function (context) {
            login.user.localClaims['http://wso2.org/claims/is_migrated'] = 'true';
            executeStep(1, {
                authenticatorParams: { common: { username: login.typed, password: login.password } }
            }, { onFail: giveUp });
        },
        onFail: giveUp
    });
};
