package landfall.tests;

import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.Stream;
import org.keycloak.component.ComponentModel;
import org.keycloak.credential.CredentialInput;
import org.keycloak.credential.CredentialInputUpdater;
import org.keycloak.credential.CredentialInputValidator;
import org.keycloak.models.GroupModel;
import org.keycloak.models.KeycloakSession;
import org.keycloak.models.ModelException;
import org.keycloak.models.RealmModel;
import org.keycloak.models.RoleModel;
import org.keycloak.models.UserModel;
import org.keycloak.models.credential.OTPCredentialModel;
import org.keycloak.models.credential.PasswordCredentialModel;
import org.keycloak.storage.UserStorageProvider;
import org.keycloak.storage.user.UserLookupProvider;

/**
 * Imports users whom Keycloak does not know, and verifies their passwords until the first login, by the contract of the
 * user-migration plugin (https://github.com/daniel-frak/keycloak-user-migration). The plugin itself is in no package registry.
 */
public final class MigrationProvider
        implements UserStorageProvider, UserLookupProvider, CredentialInputValidator, CredentialInputUpdater {
    private final KeycloakSession session;
    private final ComponentModel model;
    private final LegacyService legacy;

    MigrationProvider(KeycloakSession session, ComponentModel model, LegacyService legacy) {
        this.session = session;
        this.model = model;
        this.legacy = legacy;
    }

    @Override
    public UserModel getUserByUsername(RealmModel realm, String username) {
        return legacy.find(username).filter(user -> isSame(user.username(), username))
            .map(user -> create(realm, user)).orElse(null);
    }

    @Override
    public UserModel getUserByEmail(RealmModel realm, String email) {
        return legacy.find(email).filter(user -> isSame(user.email(), email))
            .map(user -> create(realm, user)).orElse(null);
    }

    @Override
    public UserModel getUserById(RealmModel realm, String id) {
        return null;
    }

    private static boolean isSame(String name, String asked) {
        return name != null && name.toUpperCase(Locale.ROOT).equals(asked.toUpperCase(Locale.ROOT));
    }

    private UserModel create(RealmModel realm, LegacyUser from) {
        UserModel user = from.id() == null
            ? session.users().addUser(realm, from.username())
            : session.users().addUser(realm, from.id(), from.username(), true, false);
        if (!user.getUsername().equals(from.username())) {
            throw new IllegalStateException("Keycloak has changed the user name");
        }
        user.setFederationLink(model.getId());
        update(user, from);
        listed(from.roles()).map(name -> role(realm, name)).forEach(user::grantRole);
        listed(from.groups()).map(name -> group(realm, name)).forEach(user::joinGroup);
        listed(from.requiredActions()).forEach(user::addRequiredAction);
        listed(from.totps()).forEach(totp -> {
            OTPCredentialModel otp = OTPCredentialModel.createTOTP(
                totp.secret(), totp.digits(), totp.period(), totp.algorithm(), totp.encoding());
            otp.setUserLabel(totp.name());
            user.credentialManager().createStoredCredential(otp);
        });
        return user;
    }

    private static void update(UserModel user, LegacyUser from) {
        user.setEnabled(from.enabled());
        user.setEmail(from.email());
        user.setEmailVerified(from.emailVerified());
        user.setFirstName(from.firstName());
        user.setLastName(from.lastName());
        if (from.attributes() != null) {
            from.attributes().forEach(user::setAttribute);
        }
    }

    private static <T> Stream<T> listed(List<T> list) {
        return Stream.ofNullable(list).flatMap(List::stream);
    }

    /** Of the realm, otherwise of any client, otherwise a new one. */
    private static RoleModel role(RealmModel realm, String name) {
        return Optional.ofNullable(realm.getRole(name))
            .or(() -> realm.getClientsStream().map(client -> client.getRole(name)).filter(role -> role != null).findFirst())
            .orElseGet(() -> realm.addRole(name));
    }

    private static GroupModel group(RealmModel realm, String name) {
        return realm.getGroupsStream().filter(group -> name.equalsIgnoreCase(group.getName())).findFirst()
            .orElseGet(() -> realm.createGroup(name));
    }

    @Override
    public boolean supportsCredentialType(String type) {
        return PasswordCredentialModel.TYPE.equals(type);
    }

    @Override
    public boolean isConfiguredFor(RealmModel realm, UserModel user, String type) {
        return supportsCredentialType(type);
    }

    @Override
    public boolean isValid(RealmModel realm, UserModel user, CredentialInput input) {
        if (!supportsCredentialType(input.getType())) {
            return false;
        }
        if (model.get("UPDATE_USER_ON_LOGIN", false)) {
            legacy.find(user.getUsername()).filter(found -> isSame(found.username(), user.getUsername()))
                .ifPresent(found -> update(user, found));
        }
        if (!legacy.isValid(user.getUsername(), input.getChallengeResponse())) {
            return false;
        }
        try {
            user.credentialManager().updateCredential(input);
        } catch (ModelException e) {
            // the policy of the realm does not take the password, so that it still counts here
            user.setFederationLink(model.getId());
            user.addRequiredAction(UserModel.RequiredAction.UPDATE_PASSWORD);
        }
        return true;
    }

    /** From now on, the user is Keycloak's own, which stores the password because this stores none. */
    @Override
    public boolean updateCredential(RealmModel realm, UserModel user, CredentialInput input) {
        if (model.get("SEVER_FEDERATION_LINK", true)) {
            user.setFederationLink(null);
        }
        return false;
    }

    @Override
    public void disableCredentialType(RealmModel realm, UserModel user, String type) {
        // nothing is stored here
    }

    @Override
    public Stream<String> getDisableableCredentialTypesStream(RealmModel realm, UserModel user) {
        return Stream.empty();
    }

    @Override
    public void close() {
        // nothing is open
    }
}
