package landfall.tests;

import java.net.http.HttpClient;
import java.util.List;
import org.keycloak.component.ComponentModel;
import org.keycloak.models.KeycloakSession;
import org.keycloak.provider.ProviderConfigProperty;
import org.keycloak.provider.ProviderConfigurationBuilder;
import org.keycloak.storage.UserStorageProviderFactory;

/** Has the id and the settings of the user-migration plugin, as far as the tests set them. */
public final class MigrationProviderFactory implements UserStorageProviderFactory<MigrationProvider> {
    private final HttpClient client = HttpClient.newHttpClient();

    @Override
    public String getId() {
        return "User migration using a REST client";
    }

    @Override
    public MigrationProvider create(KeycloakSession session, ComponentModel model) {
        return new MigrationProvider(session, model, new LegacyService(client, model));
    }

    @Override
    public List<ProviderConfigProperty> getConfigProperties() {
        return ProviderConfigurationBuilder.create()
            .property().name("URI").type(ProviderConfigProperty.STRING_TYPE).add()
            .property().name("API_TOKEN_ENABLED").type(ProviderConfigProperty.BOOLEAN_TYPE).add()
            .property().name("API_TOKEN").type(ProviderConfigProperty.PASSWORD).secret(true).add()
            .property().name("UPDATE_USER_ON_LOGIN").type(ProviderConfigProperty.BOOLEAN_TYPE).add()
            .property().name("SEVER_FEDERATION_LINK").type(ProviderConfigProperty.BOOLEAN_TYPE).add()
            .property().name("MIGRATE_UNMAPPED_ROLES").type(ProviderConfigProperty.BOOLEAN_TYPE).add()
            .property().name("MIGRATE_UNMAPPED_GROUPS").type(ProviderConfigProperty.BOOLEAN_TYPE).add()
            .build();
    }
}
