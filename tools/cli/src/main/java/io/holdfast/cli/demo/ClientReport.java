package io.holdfast.cli.demo;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.List;

/** What the client saw up to one moment. Immutable. */
public final class ClientReport {

    /** A time one connection went without an answer, in System.nanoTime(). */
    public record Pause(int connection, long startNanos, long endNanos) {

        long lengthNanos() {
            return endNanos - startNanos;
        }

        boolean overlaps(long fromNanos, long toNanos) {
            return endNanos - fromNanos > 0 && startNanos - toNanos < 0;
        }
    }

    /** As in the client: a shorter wait is not worth reporting. */
    private static final long PAUSE_NANOS = 20_000_000;

    private final JsonNode json;

    ClientReport(JsonNode json) {
        this.json = json;
    }

    public long atNanos() {
        return json.get("atNanos").asLong();
    }

    public long answers() {
        return json.get("answers").asLong();
    }

    public long wrong() {
        return json.get("wrong").asLong();
    }

    public long lost() {
        return json.get("lost").asLong();
    }

    public int broken() {
        return json.get("broken").asInt();
    }

    public int connections() {
        return json.get("connections").size();
    }

    /** Connections that carry on. */
    public int open() {
        return count(connection -> "COUNTING".equals(connection.get("state").asText()));
    }

    /** Connections that wait for an answer for longer than {@code nanos}. */
    public int waitingLongerThan(long nanos) {
        return count(connection -> waitingNanos(connection) > nanos);
    }

    /** The longest time a connection waits for an answer now; 0 when none waits. */
    public long longestWaitNanos() {
        long longest = 0;
        for (JsonNode connection : json.get("connections")) {
            longest = Math.max(longest, waitingNanos(connection));
        }
        return longest;
    }

    /** The earliest of the connections' last answers: all have been answered at this time or later. */
    public long allAnsweredSinceNanos() {
        long earliest = atNanos();
        for (JsonNode connection : json.get("connections")) {
            if ("COUNTING".equals(connection.get("state").asText())) {
                earliest = Math.min(earliest, connection.get("lastAnswerNanos").asLong());
            }
        }
        return earliest;
    }

    /** Pauses that ended since the report before. */
    public List<Pause> pauses() {
        List<Pause> pauses = new ArrayList<>();
        json.get("pauses").forEach(pause -> pauses.add(new Pause(pause.get("connection").asInt(),
                pause.get("startNanos").asLong(), pause.get("endNanos").asLong())));
        return pauses;
    }

    /** Pauses that go on at the time of the report, or went on when the connection ended. */
    public List<Pause> openPauses() {
        List<Pause> pauses = new ArrayList<>();
        for (JsonNode connection : json.get("connections")) {
            String state = connection.get("state").asText();
            Pause pause = new Pause(connection.get("id").asInt(), connection.get("lastAnswerNanos").asLong(),
                    atNanos());
            if (connection.get("outstanding").asInt() > 0 && connection.get("openedNanos").asLong() != 0
                    && !"DONE".equals(state) && pause.lengthNanos() >= PAUSE_NANOS) {
                pauses.add(pause);
            }
        }
        return pauses;
    }

    /** One line for each connection that broke, lost an answer or got a wrong one. */
    public List<String> complaints() {
        List<String> complaints = new ArrayList<>();
        for (JsonNode connection : json.get("connections")) {
            if (!connection.get("reason").isNull()) {
                complaints.add("connection " + connection.get("id").asInt() + " "
                        + connection.get("state").asText() + " after " + connection.get("answers").asLong()
                        + " answers: " + connection.get("reason").asText());
            }
        }
        for (String field : List.of("finalDifference", "finalFailure")) {
            if (json.has(field)) {
                complaints.add("final comparison: " + json.get(field).asText());
            }
        }
        return complaints;
    }

    /** After the end: keys whose value is not what was answered last. */
    public long finalDifferent() {
        return json.path("finalDifferent").asLong();
    }

    /** After the end: keys compared on a new connection. */
    public long finalCompared() {
        return json.path("finalCompared").asLong();
    }

    /** Microseconds from question to answer: {@code p50}, {@code p99}, {@code max}. */
    public JsonNode latencyMicros() {
        return json.get("latencyMicros");
    }

    private long waitingNanos(JsonNode connection) {
        return "COUNTING".equals(connection.get("state").asText()) && connection.get("outstanding").asInt() > 0
                ? atNanos() - connection.get("lastAnswerNanos").asLong() : 0;
    }

    private int count(java.util.function.Predicate<JsonNode> wanted) {
        int count = 0;
        for (JsonNode connection : json.get("connections")) {
            count += wanted.test(connection) ? 1 : 0;
        }
        return count;
    }
}
