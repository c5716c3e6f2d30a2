package io.holdfast.cli.inspect;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.holdfast.journal.EntryKind;
import io.holdfast.journal.JournalEntry;
import io.holdfast.journal.Violation;

import java.io.IOException;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.function.Consumer;

/** Owned by the thread that verifies: rules about what entries say, beyond the journal's own form. Dead branches included. */
final class ContentRules {
    static final String ONE_LEADER = "one-leader-a-term";
    static final String CLOCK_ORDER = "clock-order";
    static final String PACKET = "packet";
    static final String BODY = "body";
    /** Entries of one term are dated by several threads of one node; more than this is a clock set back. */
    private static final long DISORDER_NANOS = 1_000_000_000L;
    private static final int MAX_TERMS = 100_000;
    private static final ObjectMapper JSON = new ObjectMapper();

    private final Consumer<Violation> found;
    private final PacketView packet = new PacketView();
    /** The node that said it leads a term. */
    private final Map<Long, String> leaders = new HashMap<>();
    private long term;
    private long latestNanos;

    ContentRules(Consumer<Violation> found) {
        this.found = found;
    }

    void check(JournalEntry entry, Path file, long offset) {
        checkTime(entry, file, offset);
        if (entry.kind() == EntryKind.PACKET) {
            if (packet.view(entry) == PacketView.Kind.MALFORMED) {
                report(PACKET, entry, file, offset, "the body of " + entry.bodyLength() + " bytes is no whole IPv4 packet with its "
                        + "transport header");
            }
        } else if (!entry.internal() && switch (entry.kind()) {
            case MARK, CHECKPOINT_READY, TAKEOVER_STEP, CONNECTION_CLOSED -> true;
            default -> false;
        }) {
            checkBody(entry, file, offset);
        }
    }

    private void checkTime(JournalEntry entry, Path file, long offset) {
        if (entry.term() != term) {
            term = entry.term();
            latestNanos = entry.epochNanos();
        } else if (entry.epochNanos() < latestNanos - DISORDER_NANOS) {
            report(CLOCK_ORDER, entry, file, offset, "is dated " + (latestNanos - entry.epochNanos()) / 1_000_000
                    + " ms before an earlier entry of term " + term);
            latestNanos = entry.epochNanos();
        } else {
            latestNanos = Math.max(latestNanos, entry.epochNanos());
        }
    }

    private void checkBody(JournalEntry entry, Path file, long offset) {
        JsonNode body;
        try {
            body = JSON.readTree(entry.buffer(), entry.bodyOffset(), entry.bodyLength());
        } catch (IOException e) {
            report(BODY, entry, file, offset, "the body of " + entry.kind() + " is no JSON");
            return;
        }
        if (!body.isObject() || !body.path("node").isTextual()) {
            report(BODY, entry, file, offset, "the body of " + entry.kind() + " names no node");
            return;
        }
        String node = body.get("node").asText();
        String leader = leaders.size() < MAX_TERMS ? leaders.putIfAbsent(entry.term(), node) : leaders.get(entry.term());
        if (leader != null && !leader.equals(node)) {
            report(ONE_LEADER, entry, file, offset, "node " + node + " leads term " + entry.term() + ", which " + leader + " led");
        }
    }

    private void report(String rule, JournalEntry entry, Path file, long offset, String what) {
        found.accept(new Violation(rule, file, offset, entry.index(), what));
    }
}
