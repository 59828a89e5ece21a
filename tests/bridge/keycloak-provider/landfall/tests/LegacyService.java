package landfall.tests;

import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublisher;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.Optional;
import org.keycloak.component.ComponentModel;

/** The two calls: a GET for the user, and a POST for the verdict on a password. */
final class LegacyService {
    private static final System.Logger LOG = System.getLogger(LegacyService.class.getName());
    private static final ObjectMapper JSON = new ObjectMapper();

    private final HttpClient client;
    private final ComponentModel model;

    LegacyService(HttpClient client, ComponentModel model) {
        this.client = client;
        this.model = model;
    }

    /** The user; whatever goes wrong, nobody. */
    Optional<LegacyUser> find(String name) {
        try {
            HttpResponse<String> response = send(name, "GET", BodyPublishers.noBody());
            if (response.statusCode() != 200) {
                return Optional.empty();
            }
            return Optional.ofNullable(JSON.readValue(response.body(), LegacyUser.class));
        } catch (IOException e) {
            LOG.log(System.Logger.Level.ERROR, "cannot look up a user", e);
            return Optional.empty();
        }
    }

    /** Whether the password is right. */
    boolean isValid(String username, String password) {
        try {
            String body = JSON.writeValueAsString(Map.of("password", password));
            return send(username, "POST", BodyPublishers.ofString(body)).statusCode() == 200;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private HttpResponse<String> send(String name, String method, BodyPublisher body) throws IOException {
        String uri = model.getConfig().getFirst("URI") + "/" + URLEncoder.encode(name, StandardCharsets.UTF_8);
        HttpRequest.Builder request = HttpRequest.newBuilder(URI.create(uri))
            .header("Accept", "application/json")
            .header("Content-Type", "application/json")
            .method(method, body);
        if (model.get("API_TOKEN_ENABLED", false)) {
            request.header("Authorization", "Bearer " + model.getConfig().getFirst("API_TOKEN"));
        }
        try {
            return client.send(request.build(), BodyHandlers.ofString());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException(e);
        }
    }
}
