package io.holdfast.node.config;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.MissingNode;
import com.fasterxml.jackson.databind.node.ObjectNode;

import java.net.Inet4Address;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;

/**
 * Owned by the thread that loads the file: one mapping of it, read key by key. Every problem is collected with its
 * place, so that an operator sees all of them at once; a key that nobody read is a problem too.
 */
final class Section {
    private static final Pattern IPV4 = Pattern.compile("\\d{1,3}(\\.\\d{1,3}){3}");

    private final String path;
    private final JsonNode node;
    private final List<String> problems;
    private final Set<String> known = new HashSet<>();

    Section(String path, JsonNode node, List<String> problems) {
        this.path = path;
        this.problems = problems;
        boolean usable = node instanceof ObjectNode;
        if (!usable && !node.isMissingNode()) {
            problems.add((path.isEmpty() ? "the file" : path) + " must be a mapping of keys to values");
        }
        this.node = usable ? node : MissingNode.getInstance();
    }

    void problem(String key, String what) {
        problems.add(place(key) + " " + what);
    }

    private String place(String key) {
        return path.isEmpty() ? key : path + "." + key;
    }

    private JsonNode take(String key) {
        known.add(key);
        return node.path(key);
    }

    boolean has(String key) {
        known.add(key);
        return node.has(key);
    }

    /** A text that must be there; empty text when it is not, after a problem was noted. */
    String text(String key) {
        JsonNode value = take(key);
        if (!value.isValueNode() || value.isNull() || value.asText().isBlank()) {
            problem(key, "is missing: a text is needed");
            return "";
        }
        return value.asText();
    }

    /** Whether the value is just this text. */
    boolean is(String key, String text) {
        return take(key).isTextual() && take(key).asText().equals(text);
    }

    String text(String key, String otherwise) {
        return has(key) ? text(key) : otherwise;
    }

    boolean flag(String key, boolean otherwise) {
        if (!has(key)) {
            return otherwise;
        }
        JsonNode value = take(key);
        if (!value.isBoolean()) {
            problem(key, "is " + value + ": true or false is needed");
        }
        return value.asBoolean(otherwise);
    }

    long number(String key, long least, long most) {
        JsonNode value = take(key);
        if (!value.isIntegralNumber() || !value.canConvertToLong() || value.asLong() < least || value.asLong() > most) {
            problem(key, (value.isMissingNode() ? "is missing" : "is " + value) + ": a whole number from " + least
                    + " to " + most + " is needed");
            return least;
        }
        return value.asLong();
    }

    long number(String key, long least, long most, long otherwise) {
        return has(key) ? number(key, least, most) : otherwise;
    }

    <E extends Enum<E>> E choice(String key, Class<E> type, E otherwise) {
        if (!has(key)) {
            return otherwise;
        }
        String value = take(key).asText();
        for (E constant : type.getEnumConstants()) {
            if (constant.name().toLowerCase(Locale.ROOT).equals(value)) {
                return constant;
            }
        }
        List<String> names = new ArrayList<>();
        for (E constant : type.getEnumConstants()) {
            names.add(constant.name().toLowerCase(Locale.ROOT));
        }
        problem(key, "is '" + value + "': one of " + names + " is needed");
        return otherwise;
    }

    /** A literal IPv4 address (names are not looked up: a node must start without a resolver); null after a problem. */
    Inet4Address address(String key) {
        return address(key, text(key));
    }

    private Inet4Address address(String key, String value) {
        if (value.isEmpty()) {
            return null;
        }
        try {
            if (IPV4.matcher(value).matches() && InetAddress.getByName(value) instanceof Inet4Address address) {
                return address;
            }
        } catch (UnknownHostException notAnAddress) {
            // falls through to the same message as any other text
        }
        problem(key, "is '" + value + "': a literal IPv4 address is needed");
        return null;
    }

    /** An address with its prefix length, such as 10.77.0.100/24; null after a problem. */
    Subnet subnet(String key) {
        String value = text(key);
        int slash = value.indexOf('/');
        if (value.isEmpty()) {
            return null;
        }
        if (slash < 0 || !value.substring(slash + 1).matches("\\d{1,2}")) {
            problem(key, "is '" + value + "': an address with its prefix length is needed, such as 10.77.0.100/24");
            return null;
        }
        int prefix = Integer.parseInt(value.substring(slash + 1));
        Inet4Address address = address(key, value.substring(0, slash));
        if (prefix < 1 || prefix > 32) {
            problem(key, "has prefix length " + prefix + ": 1 to 32 is needed");
            return null;
        }
        return address == null ? null : new Subnet(address, prefix);
    }

    List<String> texts(String key) {
        JsonNode value = take(key);
        List<String> found = new ArrayList<>();
        if (!value.isArray()) {
            if (!value.isMissingNode()) {
                problem(key, "must be a list");
            }
            return found;
        }
        for (JsonNode item : value) {
            if (item.isValueNode()) {
                found.add(item.asText());
            } else {
                problem(key, "must be a list of texts");
            }
        }
        return found;
    }

    Map<String, String> textMap(String key) {
        JsonNode value = take(key);
        Map<String, String> found = new LinkedHashMap<>();
        if (!value.isMissingNode() && !value.isObject()) {
            problem(key, "must be a mapping");
        }
        value.fields().forEachRemaining(e -> found.put(e.getKey(), e.getValue().asText()));
        return found;
    }

    Section section(String key) {
        return new Section(place(key), take(key), problems);
    }

    List<Section> sections(String key) {
        JsonNode value = take(key);
        List<Section> found = new ArrayList<>();
        if (!value.isArray() || value.isEmpty()) {
            problem(key, "must be a list with at least one entry");
            return found;
        }
        for (int i = 0; i < value.size(); i++) {
            found.add(new Section(place(key) + "[" + i + "]", value.get(i), problems));
        }
        return found;
    }

    /** Notes every key of this mapping that was never asked for. */
    void rejectUnknownKeys() {
        node.fieldNames().forEachRemaining(key -> {
            if (!known.contains(key)) {
                problem(key, "is not a known key; known here: " + known.stream().sorted().toList());
            }
        });
    }

    /** An address and the length of its subnet's prefix. */
    record Subnet(Inet4Address address, int prefixLength) {
    }
}
