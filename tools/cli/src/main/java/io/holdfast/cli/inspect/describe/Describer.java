package io.holdfast.cli.inspect.describe;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.holdfast.cli.inspect.PacketView;
import io.holdfast.cli.inspect.TimeText;
import io.holdfast.cli.inspect.connections.ConnectionTracker;
import io.holdfast.cli.inspect.connections.TrackedConnection;
import io.holdfast.cli.inspect.describe.Description.Amount;
import io.holdfast.cli.inspect.describe.Description.Checkpoint;
import io.holdfast.cli.inspect.describe.Description.Pause;
import io.holdfast.cli.inspect.describe.Description.Step;
import io.holdfast.cli.inspect.describe.Description.Takeover;
import io.holdfast.cli.inspect.describe.Description.Term;
import io.holdfast.consensus.Member;
import io.holdfast.journal.EntryKind;
import io.holdfast.journal.JournalEntry;
import io.holdfast.journal.JournalReader;
import java.io.IOException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * Owned by the thread that reads, used once: gathers a {@link Description} from entries, oldest first. Of everything that a
 * long life makes many of it keeps the newest thousands.
 */
final class Describer {
    private static final int KEPT = 10_000;
    private static final int MAX_NODES = 1_000;
    private static final int PAUSES = 5;
    private static final long PAUSE_NANOS = 10_000_000_000L;
    private static final long NANOS_PER_MS = 1_000_000;
    private static final ObjectMapper JSON = new ObjectMapper();

    /** Changes until its last entry is read. */
    private static final class OpenTerm {
        private final long term;
        private final long firstIndex;
        private final long firstNanos;
        private String leader;
        private long lastIndex;
        private long lastNanos;

        OpenTerm(JournalEntry entry) {
            term = entry.term();
            firstIndex = entry.index();
            firstNanos = entry.epochNanos();
        }

        Term done() {
            return new Term(term, leader, firstIndex, lastIndex, TimeText.of(firstNanos), TimeText.of(lastNanos));
        }
    }

    private record Mark(long index, long epochNanos, String node, String reason, long readyIndex, long readyNanos, JsonNode ready) {
    }

    private final ConnectionTracker connections = new ConnectionTracker();
    private final Map<EntryKind, long[]> kinds = new EnumMap<>(EntryKind.class);
    private final TreeSet<String> nodes = new TreeSet<>();
    private final ArrayDeque<OpenTerm> terms = new ArrayDeque<>();
    private final TreeMap<Long, Mark> marks = new TreeMap<>();
    private final ArrayDeque<Takeover> takeovers = new ArrayDeque<>();
    private final List<Pause> pauses = new ArrayList<>();
    private List<String> members = List.of();
    private long leftOut;
    private long firstNanos;
    private long lastNanos;
    private long lastIndex;

    void add(JournalEntry entry, PacketView packet) {
        long[] amount = kinds.computeIfAbsent(entry.kind(), kind -> new long[2]);
        amount[0]++;
        amount[1] += entry.commandLength();
        time(entry);
        term(entry);
        connections.add(entry, packet);
        switch (entry.kind()) {
            case MARK -> mark(entry);
            case CHECKPOINT_READY -> ready(entry);
            case TAKEOVER_STEP -> step(entry);
            case TERM_START, GROUP_INTERNAL -> members(entry);
            default -> { }
        }
        lastIndex = entry.index();
    }

    private void time(JournalEntry entry) {
        if (lastIndex == 0) {
            firstNanos = entry.epochNanos();
        } else if (entry.epochNanos() - lastNanos >= PAUSE_NANOS) {
            pauses.add(new Pause(lastIndex, TimeText.of(lastNanos), (entry.epochNanos() - lastNanos) / NANOS_PER_MS));
            pauses.sort((a, b) -> Long.compare(b.ms(), a.ms()));
            if (pauses.size() > PAUSES) {
                pauses.remove(PAUSES);
                leftOut++;
            }
        }
        lastNanos = entry.epochNanos();
    }

    private void term(JournalEntry entry) {
        OpenTerm now = terms.peekLast();
        if (now == null || now.term != entry.term()) {
            now = new OpenTerm(entry);
            terms.addLast(now);
            bound(terms);
        }
        now.lastIndex = entry.index();
        now.lastNanos = entry.epochNanos();
    }

    private <T> void bound(ArrayDeque<T> kept) {
        if (kept.size() > KEPT) {
            kept.removeFirst();
            leftOut++;
        }
    }

    private void members(JournalEntry entry) {
        try {
            List<Member> stated = Member.statedIn(entry.buffer(), entry.bodyOffset(), entry.bodyLength());
            if (!stated.isEmpty()) {
                members = stated.stream().map(Member::name).toList();
                members.forEach(this::node);
            }
        } catch (IllegalStateException e) {
            // Not the form it should have, which 'verify' tells of.
        }
    }

    private void node(String name) {
        if (nodes.size() < MAX_NODES) {
            nodes.add(name);
        }
    }

    /** The body, with what it says of the node that leads taken out; an empty one when it is no JSON. */
    private JsonNode body(JournalEntry entry) {
        JsonNode body = JSON.nullNode();
        try {
            body = JSON.readTree(entry.buffer(), entry.bodyOffset(), entry.bodyLength());
        } catch (IOException e) {
            // As above.
        }
        if (body.path("node").isTextual()) {
            node(body.get("node").asText());
            OpenTerm now = terms.peekLast();
            now.leader = now.leader == null ? body.get("node").asText() : now.leader;
        }
        return body;
    }

    private void mark(JournalEntry entry) {
        JsonNode body = body(entry);
        marks.put(entry.index(), new Mark(entry.index(), entry.epochNanos(), text(body, "node"), text(body, "reason"), 0, 0, null));
        if (marks.size() > KEPT) {
            marks.pollFirstEntry();
            leftOut++;
        }
    }

    private void ready(JournalEntry entry) {
        JsonNode body = body(entry);
        long index = body.path("markIndex").asLong();
        Mark mark = marks.get(index);
        body.path("holders").forEach(holder -> node(holder.asText()));
        if (mark != null || index > 0 && index < entry.index() && marks.size() < KEPT) {
            marks.put(index, new Mark(index, mark == null ? 0 : mark.epochNanos, text(body, "node"), mark == null ? "" : mark.reason,
                    entry.index(), entry.epochNanos(), body));
        }
    }

    private void step(JournalEntry entry) {
        JsonNode body = body(entry);
        Takeover last = takeovers.peekLast();
        String node = text(body, "node");
        if (last == null || last.term() != entry.term() || !last.node().equals(node)) {
            last = new Takeover(entry.term(), node, TimeText.of(entry.epochNanos()), false, List.of(), Map.of());
        } else {
            takeovers.removeLast();
        }
        List<Step> steps = new ArrayList<>(last.steps());
        String step = text(body, "step");
        if (steps.size() < 100) {
            steps.add(new Step(step, entry.index(), body.path("elapsedMs").asDouble(), text(body, "detail")));
        }
        Map<String, Long> counts = new LinkedHashMap<>(last.counts());
        body.path("counts").fields().forEachRemaining(each -> {
            if (counts.size() < 100) {
                counts.put(each.getKey(), each.getValue().asLong());
            }
        });
        takeovers.addLast(new Takeover(last.term(), node, last.time(), last.complete() || step.equals("LIVE"), List.copyOf(steps), counts));
        bound(takeovers);
    }

    private static String text(JsonNode body, String member) {
        return body.path(member).asText("");
    }

    Description done(String journal, JournalReader reader) {
        Map<String, Amount> amounts = new LinkedHashMap<>();
        kinds.forEach((kind, amount) -> amounts.put(kind.name(), new Amount(amount[0], amount[1])));
        Map<TrackedConnection.State, Long> states = new EnumMap<>(TrackedConnection.State.class);
        connections.connections().forEach(each -> states.merge(each.state(), 1L, Long::sum));
        return new Description(journal, reader.firstIndex(), lastIndex, Math.min(lastIndex, reader.commitIndex()),
                lastIndex == 0 ? null : TimeText.of(firstNanos), lastIndex == 0 ? null : TimeText.of(lastNanos), reader.floorIndex(),
                List.copyOf(nodes), members, amounts, terms.stream().map(OpenTerm::done).toList(),
                marks.values().stream().map(this::checkpoint).toList(), List.copyOf(takeovers), states, List.copyOf(pauses),
                leftOut + connections.notKept());
    }

    private Checkpoint checkpoint(Mark mark) {
        JsonNode ready = mark.ready == null ? JSON.nullNode() : mark.ready;
        List<String> holders = new ArrayList<>();
        ready.path("holders").forEach(holder -> holders.add(holder.asText()));
        boolean dated = mark.epochNanos != 0;
        return new Checkpoint(mark.index, mark.node, mark.reason, dated ? TimeText.of(mark.epochNanos) : null, mark.readyIndex,
                mark.readyIndex == 0 || !dated ? 0 : (mark.readyNanos - mark.epochNanos) / NANOS_PER_MS,
                dated ? (lastNanos - mark.epochNanos) / NANOS_PER_MS : 0, ready.path("bytes").asLong(), text(ready, "manifestSha256"),
                holders, ready.path("gateClosedMs").asDouble());
    }
}
