package landfall.tests;

import java.util.List;
import java.util.Map;

/** The answer to a GET. Jackson refuses a member that is not here, and takes a missing boolean as false. */
public record LegacyUser(
        String id,
        String username,
        String email,
        String firstName,
        String lastName,
        boolean enabled,
        boolean emailVerified,
        Map<String, List<String>> attributes,
        List<String> roles,
        List<String> groups,
        List<String> requiredActions,
        List<Totp> totps,
        List<Object> organizations) {

    /** A device that makes one-time passwords. */
    public record Totp(String name, String secret, int digits, int period, String algorithm, String encoding) {}
}
